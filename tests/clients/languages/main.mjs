// Runs the guide's code: header lines as arguments, the secret in the environment, the body on standard input.
import { text } from "node:stream/consumers";

const rawBody = await text(process.stdin);
const request = { headers: Object.fromEntries(process.argv.slice(1).map((line) => line.split(": ", 2))) };
process.once("uncaughtException", (error) => console.log("refused:", error.message));

//GUIDE

console.log("verified");
