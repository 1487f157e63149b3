// The `openai` package for Node.
import OpenAI from "openai";
import { answer, NAMES, WEATHER } from "./answering.mjs";

const TOOLS = NAMES.map((name) => ({
  type: "function",
  function: { name, description: `Tell of ${name}.`, parameters: WEATHER },
}));

const client = ({ url, key }) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000 });
const said = ({ text }) => [{ role: "user", content: text }];
const ask = (it, more) => client(it).chat.completions.create({ model: it.model, messages: said(it), ...more });
const calls = (message) => message.tool_calls.map((call) => [call.function.name, call.function.arguments]);

const called = ({ output }) =>
  output.filter(({ type }) => type === "function_call").map((item) => [item.name, item.arguments]);

const deeds = {
  async chat(it) {
    const { choices, usage } = await ask(it, { max_tokens: 6 });
    return [choices[0].message.content, choices[0].finish_reason, usage.prompt_tokens, usage.completion_tokens];
  },

  async stream(it) {
    let text = "";
    let finish, usage;
    for await (const chunk of await ask(it, { max_tokens: 6, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    return [text, finish, usage.prompt_tokens, usage.completion_tokens];
  },

  async tools(it) {
    const reply = (await ask(it, { tools: TOOLS })).choices[0].message;
    const results = reply.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "a little" }));
    const last = await ask(it, { messages: [...said(it), reply, ...results], tools: TOOLS });
    return [calls(reply), last.choices[0].message.content];
  },

  async stream_tools(it) {
    let parts = 0;
    const events = client(it).chat.completions.stream({ model: it.model, messages: said(it), tools: TOOLS });
    events.on("tool_calls.function.arguments.delta", () => (parts += 1));
    return [calls((await events.finalChatCompletion()).choices[0].message), parts];
  },

  async schema(it) {
    const form = { type: "json_schema", json_schema: { name: "weather", schema: WEATHER, strict: true } };
    return (await ask(it, { response_format: form })).choices[0].message.content;
  },

  async pictures(it) {
    const parts = it.pictures.map((url) => ({ type: "image_url", image_url: { url } }));
    const messages = [{ role: "user", content: [{ type: "text", text: it.text }, ...parts] }];
    return (await ask(it, { messages })).usage.prompt_tokens;
  },

  async embeddings(it) {
    const { data } = await client(it).embeddings.create({ model: it.model, input: it.texts });
    return data.map((one) => one.embedding);
  },

  async models(it) {
    const ids = [];
    for await (const model of client(it).models.list()) ids.push(model.id);
    return ids;
  },

  async respond(it) {
    const tools = TOOLS.map((tool) => ({ type: "function", strict: true, ...tool.function }));
    const asked = { model: it.model, input: it.text, tools };
    const { responses } = client(it);
    const whole = await responses.create(asked);
    const told = await responses.stream(asked).finalResponse();
    const last = await responses.create({ model: it.model, input: it.text });
    return [called(whole), called(told), last.output_text];
  },

  async leave(it) {
    for await (const chunk of await ask(it, { stream: true })) {
      if (chunk.choices[0].delta.content) return chunk.choices[0].delta.content;
    }
  },
};

await answer(deeds);
