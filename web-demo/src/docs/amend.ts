// What the reference leaves below WCAG 2.2 AA and cannot be told in a stylesheet, set right as it is drawn.

type Attributes = Record<string, string>;

const AMENDMENTS: Record<string, Attributes> = {
  ".information-container": { role: "region", "aria-label": "About this API" },
  ".schemes-server-container": { role: "region", "aria-label": "Server and sign-in" },
  ".filter-container": { role: "search" },
  ".operation-filter-input": { "aria-label": "Show only tags with this text" },
  "#servers": { "aria-label": "Server" },
  ".examples-select-element": { "aria-label": "Example" },
  ".content-type": { "aria-label": "Media type" },
  "textarea.body-param__text": { "aria-label": "Body" },
  ".parameters select": { "aria-label": "Value" },
  'input[type="file"]': { "aria-label": "File" },
  "pre.microlight": { tabindex: "0" },
  // No level is left out below the heading of the document.
  "h3.opblock-tag": { "aria-level": "2" },
  h4: { "aria-level": "3" },
};

/** Keeps the reference amended, whatever it draws later. */
export function amend(reference: HTMLElement): void {
  const apply = () => {
    for (const [selector, attributes] of Object.entries(AMENDMENTS)) {
      for (const element of reference.querySelectorAll(selector)) {
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      }
    }
  };
  new MutationObserver(apply).observe(reference, { childList: true, subtree: true });
  apply();
}
