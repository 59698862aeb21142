import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/components.css";
import "./shell.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startFeed } from "../live/feed";
import { App } from "./App";
import { followFeed, queries } from "./queries";
import { applyTheme } from "./theme";

applyTheme();
startFeed();
followFeed();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
