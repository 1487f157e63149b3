// The `ollama` package for Node.
import { Ollama } from "ollama";
import { answer, NAMES, WEATHER } from "./answering.mjs";

const TOOLS = NAMES.map((name) => ({
  type: "function",
  function: { name, description: `Tell of ${name}.`, parameters: WEATHER },
}));

const client = ({ url, key }) => new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
const said = ({ text }) => [{ role: "user", content: text }];
const ask = (it, more) => client(it).chat({ model: it.model, messages: said(it), ...more });
const figures = (text, last) => [text, last.done_reason, last.prompt_eval_count, last.eval_count];
const SHORT = { options: { num_predict: 6 } };

const deeds = {
  async chat(it) {
    const reply = await ask(it, SHORT);
    return figures(reply.message.content, reply);
  },

  async stream(it) {
    let text = "";
    let last;
    for await (const piece of await ask(it, { ...SHORT, stream: true })) {
      text += piece.message.content;
      last = piece;
    }
    return figures(text, last);
  },

  async tools(it) {
    const reply = (await ask(it, { tools: TOOLS })).message;
    const calls = reply.tool_calls.map((call) => [call.function.name, call.function.arguments]);
    const results = calls.map(([name]) => ({ role: "tool", tool_name: name, content: "a little" }));
    const last = await ask(it, { messages: [...said(it), reply, ...results], tools: TOOLS });
    return [calls, last.message.content];
  },

  async schema(it) {
    return (await ask(it, { format: WEATHER })).message.content;
  },

  async picture(it) {
    const images = [it.picture.split(",")[1]];
    return (await ask(it, { messages: [{ role: "user", content: it.text, images }] })).prompt_eval_count;
  },

  async embeddings(it) {
    return (await client(it).embed({ model: it.model, input: it.texts })).embeddings;
  },

  async models(it) {
    return (await client(it).list()).models.map((model) => model.name);
  },

  async leave(it) {
    const stream = await ask(it, { stream: true });
    for await (const piece of stream) {
      if (piece.message.content) {
        stream.abort();
        return piece.message.content;
      }
    }
  },
};

await answer(deeds);
