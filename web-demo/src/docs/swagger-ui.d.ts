// The package brings no types of its own.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** What plugins are given. */
  export interface System {
    React: { createElement(kind: string, properties: null, ...children: unknown[]): unknown };
  }
  export default function SwaggerUI(options: Record<string, unknown>): unknown;
}
