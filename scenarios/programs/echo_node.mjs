// Sends every message back to its sender: the protocol without a library, for Node.js.
import { createInterface } from "node:readline";

const answer = (request) => {
  switch (request.type) {
    case "init":
      return { reset: true };
    case "message": {
      const bytes = "text" in request ? request.text : { base64: request.base64 };
      return [["send", request.from, bytes]];
    }
    default:
      return [];
  }
};

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
});
