/** Fills this server's address into the requests of the page and wires their copy buttons. */
export function setUpRequests(): void {
  for (const code of document.querySelectorAll("code[data-request]")) {
    code.textContent = (code.textContent ?? "")
      .replaceAll("http://127.0.0.1:8080", location.origin)
      .replaceAll("ws://127.0.0.1:8080", location.origin.replace("http", "ws"));
    const button = code.closest("td")?.querySelector("button");
    button?.addEventListener("click", () => void copy(code, button));
  }
}

async function copy(code: Element, button: HTMLButtonElement): Promise<void> {
  const label = button.querySelector(".label") ?? button;
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    label.textContent = "Copied";
  } catch {
    // Browsers give no clipboard to a page on plain http from another machine.
    getSelection()?.selectAllChildren(code);
    label.textContent = "Selected";
  }
  window.setTimeout(() => (label.textContent = "Copy"), 1_500);
}
