import "swagger-ui-dist/swagger-ui.css";
import "./page.css";

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

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
});
