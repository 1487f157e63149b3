// The `@anthropic-ai/sdk` package for Node.
import Anthropic from "@anthropic-ai/sdk";
import { answer, NAMES, WEATHER } from "./answering.mjs";

const TOOLS = NAMES.map((name) => ({ name, description: `Tell of ${name}.`, input_schema: WEATHER }));

const client = ({ url, key }) => new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20_000 });
const said = ({ text }) => [{ role: "user", content: text }];
const asked = (it, more) => ({ model: it.model, max_tokens: 200, messages: said(it), ...more });
const ask = (it, more) => client(it).messages.create(asked(it, more));
const calls = (content) => content.filter(({ type }) => type === "tool_use").map(({ name, input }) => [name, input]);
const figures = ({ content, stop_reason, usage }) => [
  content[0].text,
  stop_reason,
  usage.input_tokens,
  usage.output_tokens,
];

await answer({
  async chat(it) {
    return figures(await ask(it, { max_tokens: 6 }));
  },

  async stream(it) {
    return figures(await client(it).messages.stream(asked(it, { max_tokens: 6 })).finalMessage());
  },

  async tools(it) {
    const { content } = await ask(it, { tools: TOOLS });
    const used = content.filter(({ type }) => type === "tool_use");
    const results = used.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "a little" }));
    const turns = [...said(it), { role: "assistant", content }, { role: "user", content: results }];
    return [calls(content), (await ask(it, { messages: turns, tools: TOOLS })).content[0].text];
  },

  async stream_tools(it) {
    let pieces = 0;
    const events = client(it).messages.stream(asked(it, { tools: TOOLS }));
    events.on("inputJson", () => (pieces += 1));
    return [calls((await events.finalMessage()).content), pieces];
  },

  async pictures(it) {
    const [data, url] = it.pictures;
    const sources = [{ type: "base64", media_type: "image/png", data }, ...(url ? [{ type: "url", url }] : [])];
    const content = [{ type: "text", text: it.text }, ...sources.map((source) => ({ type: "image", source }))];
    return (await ask(it, { messages: [{ role: "user", content }] })).usage.input_tokens;
  },

  async count(it) {
    return (await client(it).messages.countTokens({ model: it.model, messages: said(it) })).input_tokens;
  },

  async models(it) {
    const ids = [];
    for await (const model of client(it).models.list()) ids.push(model.id);
    return ids;
  },

  async leave(it) {
    for await (const event of await ask(it, { stream: true })) {
      if (event.type === "content_block_delta") return event.delta.text;
    }
  },
});
