const furs: readonly (readonly [word: string, color: string])[] = [
  ["white", "#f4f1ea"],
  ["pearl", "#efe9dc"],
  ["snow", "#f2f3f3"],
  ["cream", "#ecd9b4"],
  ["lilac", "#c9bccd"],
  ["champagne", "#e7cfa4"],
  ["banana", "#f2d861"],
  ["yellow", "#f0c64a"],
  ["lutino", "#f3d85f"],
  ["golden", "#dfa648"],
  ["buff", "#dcb98a"],
  ["wheaten", "#dbb57c"],
  ["sandy", "#d8b384"],
  ["fawn", "#cfa06c"],
  ["apricot", "#e2a566"],
  ["tangerine", "#ef8f3c"],
  ["orange", "#e88a3a"],
  ["ruby", "#b8453f"],
  ["red", "#bd6336"],
  ["mahogany", "#8c4530"],
  ["bronze", "#9a6b3c"],
  ["chocolate", "#6e4a35"],
  ["sable", "#6d5443"],
  ["agouti", "#8f7457"],
  ["brindle", "#7d5d43"],
  ["brown", "#8a6243"],
  ["tortoiseshell", "#8a5a34"],
  ["calico", "#d9904f"],
  ["tricolor", "#c98a52"],
  ["tan", "#c39664"],
  ["silver", "#b9c0c4"],
  ["steel", "#7c8b97"],
  ["smoke", "#8a8f95"],
  ["grey", "#98a1a6"],
  ["opal", "#b7c7d3"],
  ["blue", "#7f97ad"],
  ["sea green", "#5ba889"],
  ["green", "#6caf62"],
  ["olive", "#8d9554"],
  ["rosy", "#e3a39b"],
  ["pink", "#e6a9a6"],
  ["black", "#4a4d52"],
];

const grounds = ["#d9ece6", "#e9e3f4", "#fbe8d3", "#dceaf7", "#f8dfe0", "#e6efd3", "#f5ecc9", "#d8eef0"];

function hash(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  return value >>> 0;
}

/** Fur, markings and ground of a pet's picture: its color in words, and something of its own. */
export function palette(id: string, color: string | null | undefined): { fur: string; mark: string; ground: string } {
  const text = (color ?? "").toLowerCase();
  const found = furs
    .map(([word, tone]) => ({ at: text.indexOf(word), tone }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  const own = hash(id);
  const fur = found[0]?.tone ?? furs[own % furs.length]?.[1] ?? "#8a6243";
  const mark = found.find(({ tone }) => tone !== fur)?.tone ?? "#fbf7ef";
  return { fur, mark, ground: grounds[own % grounds.length] ?? "#d9ece6" };
}
