// Does what a test says, a line of JSON at a time, and tells what came of it, as programs/answering.py does.
import { createInterface } from "node:readline";

export const WEATHER = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
export const NAMES = ["get_rain", "get_sun"];

export const answer = async (deeds) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let told;
    try {
      told = { told: await deeds[asked.deed](asked) };
    } catch (error) {
      const kinds = [];
      for (let kind = error.constructor; kind?.name; kind = Object.getPrototypeOf(kind)) kinds.push(kind.name);
      told = { failed: { kinds, status: error.status ?? error.status_code ?? null, text: error.message } };
    }
    console.log(JSON.stringify(told));
  }
};
