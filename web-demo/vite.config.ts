import { defineConfig } from "vite";

// Where `petstore serve` listens while `npm run dev` serves the pages.
const petstore = process.env.PETSTORE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    // Every asset stays a file: the server's Content-Security-Policy allows no data: scripts or icons.
    assetsInlineLimit: 0,
    // Monaco, inside GraphiQL, is one large chunk that only graphiql.html loads.
    chunkSizeWarningLimit: 4096,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["index.html", "graphiql.html", "docs.html"],
      // React libraries mark client components; without server components the mark says nothing.
      onwarn: (warning, report) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") report(warning);
      },
    },
  },
  // GraphiQL's workers cannot be bundled ahead; what they need is found when its page is opened.
  optimizeDeps: { entries: ["index.html"] },
  server: {
    proxy: {
      "/v1": { target: petstore, ws: true },
      "/socket.io": { target: petstore, ws: true },
      "/oauth": { target: petstore },
    },
  },
});
