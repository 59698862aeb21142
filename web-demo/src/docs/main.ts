import "swagger-ui-dist/swagger-ui.css";
import "./page.css";

import SwaggerUI, { type System } from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { isDark } from "../app/theme";
import { amend } from "./amend";

/** The reference puts links into its buttons, where no keyboard and no screen reader gets; the buttons do the same. */
const plainLinks = ({ React }: System) => ({
  components: { DeepLink: ({ text }: { text: unknown }) => React.createElement("span", null, text) },
});

/** As the other pages are told to be, or as the system is. */
const scheme = matchMedia("(prefers-color-scheme: dark)");
const applyScheme = () => document.documentElement.classList.toggle("dark-mode", isDark());
scheme.addEventListener("change", applyScheme);
applyScheme();

SwaggerUI({
  dom_id: "#reference",
  url: "/v1/openapi.json",
  // The page asks nobody but this server.
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  plugins: [plainLinks],
});

const reference = document.getElementById("reference");
if (reference) amend(reference);
