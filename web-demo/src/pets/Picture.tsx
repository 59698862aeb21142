import type { ReactNode } from "react";
import type { Species } from "../api/types";
import { palette } from "./palette";

/** Reptiles are of three kinds, which their breeds tell. */
function reptile(breed: string): "snake" | "lizard" | "turtle" {
  if (/boa|python|snake|hognose/i.test(breed)) return "snake";
  return /turtle|tortoise|slider|terrapin/i.test(breed) ? "turtle" : "lizard";
}

interface Colors {
  fur: string;
  mark: string;
}

const dark = "#2b2f33";

function Eyes({ y, apart, size = 5 }: { y: number; apart: number; size?: number }) {
  return (
    <>
      {[-apart, apart].map((x) => (
        <g key={x}>
          <circle cx={100 + x} cy={y} r={size} fill={dark} />
          <circle cx={101.5 + x} cy={y - 1.5} r={size / 3} fill="#fff" />
        </g>
      ))}
    </>
  );
}

function Mouth({ y }: { y: number }) {
  return <path d={`M100 ${y}v7m0 0c-3 6-11 6-13 1m13-1c3 6 11 6 13 1`} fill="none" stroke={dark} strokeWidth="2.6" strokeLinecap="round" />;
}

const reptiles: Record<ReturnType<typeof reptile>, (colors: Colors) => ReactNode> = {
  turtle: ({ fur, mark }) => (
    <>
      <path d="M42 132c0-34 26-54 58-54s58 20 58 54z" fill={mark} />
      <path d="M42 132c0-34 26-54 58-54s58 20 58 54z" fill={fur} opacity="0.82" />
      <path d="m100 84 16 12-6 18H90l-6-18zM62 112l16-10 8 14-6 14H56zM138 112l-16-10-8 14 6 14h24z" fill="rgb(0 0 0/16%)" />
      <path d="M36 132h128c0 8-6 12-14 12H50c-8 0-14-4-14-12z" fill={fur} />
      <path d="M58 142h20v14H62zM122 142h20v14h-16z" fill={fur} />
      <ellipse cx="166" cy="112" rx="22" ry="18" fill={fur} />
      <circle cx="172" cy="106" r="5" fill={dark} />
      <circle cx="173.5" cy="104.5" r="1.6" fill="#fff" />
      <path d="M170 120c6 2 12 0 15-3" fill="none" stroke={dark} strokeWidth="2.4" strokeLinecap="round" />
    </>
  ),
  snake: ({ fur, mark }) => (
    <>
      <path d="M40 140c0-20 24-26 60-26s60 6 60 24-24 16-60 16-60 2-60-14z" fill={fur} />
      <path d="M56 118c0-16 20-22 46-22s46 6 46 20-20 14-46 14-46 2-46-12z" fill={fur} stroke="rgb(0 0 0/16%)" strokeWidth="2.5" />
      <path d="M62 140h10m14 5h10m16 0h10m14-6h10M76 112h9m14 3h9m14-4h9" stroke={mark} strokeWidth="7" strokeLinecap="round" opacity="0.85" />
      <path d="M108 108c-18-10-22-30-16-46l18-4c-4 18 2 28 14 36z" fill={fur} />
      <ellipse cx="98" cy="52" rx="27" ry="19" fill={fur} />
      <circle cx="88" cy="47" r="5" fill={dark} />
      <circle cx="89.5" cy="45.5" r="1.6" fill="#fff" />
      <circle cx="112" cy="47" r="5" fill={dark} />
      <circle cx="113.5" cy="45.5" r="1.6" fill="#fff" />
      <path d="M88 60c7 4 16 4 23 0M100 63v9l-4 5m4-5 4 5" fill="none" stroke="#b8453f" strokeWidth="2.4" strokeLinecap="round" />
    </>
  ),
  lizard: ({ fur, mark }) => (
    <>
      <path d="M34 150c-16-22 2-44 24-40l4 14c-12-2-20 8-12 20z" fill={fur} />
      <path d="M60 132 46 150m28-8-6 14m56-14 8 14m4-24 16 16" stroke={fur} strokeWidth="11" strokeLinecap="round" />
      <ellipse cx="98" cy="124" rx="50" ry="24" fill={fur} />
      <path d="m62 104 8-13 8 11 9-13 8 12 9-13 8 12 9-11 5 13z" fill={mark} />
      <ellipse cx="142" cy="94" rx="31" ry="25" fill={fur} />
      <path d="M122 112c10 8 30 8 44-2l-4 10c-10 6-26 6-36 0z" fill={mark} opacity="0.8" />
      <circle cx="148" cy="84" r="7" fill="#f3d85f" />
      <circle cx="149" cy="84" r="4" fill={dark} />
      <path d="M146 104c8 2 18 0 24-6" fill="none" stroke={dark} strokeWidth="2.4" strokeLinecap="round" />
      <path d="M72 122h2m14 8h2m14-8h2m-38 14h2m40-2h2" stroke={mark} strokeWidth="6" strokeLinecap="round" opacity="0.7" />
    </>
  ),
};

function fish({ fur, mark }: Colors): ReactNode {
  return (
    <>
      <path d="M128 84c20-26 40-30 52-28-6 14-6 40 0 54-12 2-32-2-52-26z" fill={mark} />
      <path d="M84 50c10-20 34-22 46-14-8 6-12 16-14 24zM88 118c8 16 26 20 38 14-8-6-12-12-14-20z" fill={mark} opacity="0.85" />
      <ellipse cx="88" cy="84" rx="56" ry="38" fill={fur} />
      <path d="M74 52c12 18 12 46 0 64" fill="none" stroke="rgb(0 0 0/18%)" strokeWidth="3" />
      <path d="M92 74q8 8 16 0m-16 18q8 8 16 0m4-18q8 8 16 0" fill="none" stroke={mark} strokeWidth="3" opacity="0.8" />
      <circle cx="56" cy="76" r="8" fill="#fff" />
      <circle cx="55" cy="76" r="4.5" fill={dark} />
      <path d="M34 92c6 4 12 4 17 1" fill="none" stroke={dark} strokeWidth="2.6" strokeLinecap="round" />
      <circle cx="24" cy="52" r="5" fill="#fff" opacity="0.7" />
      <circle cx="34" cy="34" r="3.5" fill="#fff" opacity="0.7" />
    </>
  );
}

function drawingOf(species: Species, breed: string): (colors: Colors) => ReactNode {
  if (species === "REPTILE") return reptiles[reptile(breed)];
  return species === "OTHER" && /fish|betta/i.test(breed) ? fish : drawings[species];
}

const drawings: Record<Exclude<Species, "REPTILE">, (colors: Colors) => ReactNode> = {
  DOG: ({ fur, mark }) => (
    <>
      <path d="M48 160c0-42 20-58 52-58s52 16 52 58z" fill={fur} />
      <ellipse cx="100" cy="84" rx="42" ry="39" fill={fur} />
      <path transform="translate(7 -2)" d="M60 62c-16 2-24 20-18 40 4 12 16 10 20-4z" fill={fur} stroke="rgb(0 0 0/18%)" strokeWidth="2" />
      <path transform="translate(-7 -2)" d="M140 62c16 2 24 20 18 40-4 12-16 10-20-4z" fill={fur} stroke="rgb(0 0 0/18%)" strokeWidth="2" />
      <ellipse cx="100" cy="101" rx="24" ry="19" fill={mark} />
      <path d="M80 160c0-14 8-24 20-24s20 10 20 24z" fill={mark} />
      <Eyes y={80} apart={18} />
      <path d="M90 93c0-5 20-5 20 0 0 4-6 8-10 8s-10-4-10-8z" fill={dark} />
      <Mouth y={101} />
    </>
  ),
  CAT: ({ fur, mark }) => (
    <>
      <path d="M54 160c0-40 18-56 46-56s46 16 46 56z" fill={fur} />
      <path d="M60 78 58 38l28 18zM140 78l2-40-28 18z" fill={fur} />
      <path d="m65 66-1-17 13 9zM135 66l1-17-13 9z" fill="#e9a9a3" />
      <ellipse cx="100" cy="84" rx="44" ry="36" fill={fur} />
      <path d="M94 49h12l-3 16h-6zM80 52l7 13-5 3-9-12zM120 52l-7 13 5 3 9-12z" fill={mark} opacity="0.75" />
      <ellipse cx="100" cy="99" rx="20" ry="13" fill={mark} />
      <Eyes y={82} apart={19} size={6} />
      <path d="M95 92h10l-5 6z" fill="#d9847c" />
      <Mouth y={98} />
      <path d="M66 94 44 90m22 10-22 3m90-9 22-4m-22 10 22 3" stroke={dark} strokeWidth="1.5" opacity="0.45" />
    </>
  ),
  RABBIT: ({ fur, mark }) => (
    <>
      <path d="M56 160c0-38 18-54 44-54s44 16 44 54z" fill={fur} />
      <path d="M78 66C62 44 64 16 74 14s18 22 20 46zM122 66c16-22 14-50 4-52s-18 22-20 46z" fill={fur} />
      <path d="M79 58c-9-16-8-34-4-35s9 16 11 33zM121 58c9-16 8-34 4-35s-9 16-11 33z" fill="#e9a9a3" />
      <ellipse cx="100" cy="90" rx="38" ry="35" fill={fur} />
      <ellipse cx="100" cy="105" rx="20" ry="14" fill={mark} />
      <Eyes y={86} apart={18} />
      <path d="M95 97h10l-5 6z" fill="#d9847c" />
      <Mouth y={103} />
    </>
  ),
  BIRD: ({ fur, mark }) => (
    <>
      <path d="M130 132c22 2 34 12 44 22-20 2-40 0-54-8z" fill={fur} />
      <ellipse cx="100" cy="104" rx="46" ry="48" fill={fur} />
      <ellipse cx="92" cy="118" rx="27" ry="30" fill={mark} opacity="0.85" />
      <path d="M112 92c24-2 34 18 24 44-18-2-28-20-24-44z" fill={fur} stroke="rgb(0 0 0/20%)" strokeWidth="2" />
      <circle cx="94" cy="62" r="32" fill={fur} />
      <path d="M92 30c2-12 10-16 18-16-6 6-6 12-6 18z" fill={mark} />
      <circle cx="84" cy="58" r="6" fill={dark} />
      <circle cx="85.5" cy="56.5" r="2" fill="#fff" />
      <path d="M66 60 44 70l20 8c4-6 5-12 2-18z" fill="#eba13b" />
      <path d="M84 150v8m18-8v8" stroke="#d58b2b" strokeWidth="5" strokeLinecap="round" />
    </>
  ),
  OTHER: ({ fur, mark }) => (
    <>
      <circle cx="66" cy="62" r="16" fill={fur} />
      <circle cx="134" cy="62" r="16" fill={fur} />
      <circle cx="66" cy="63" r="8" fill="#e9a9a3" />
      <circle cx="134" cy="63" r="8" fill="#e9a9a3" />
      <ellipse cx="100" cy="108" rx="58" ry="50" fill={fur} />
      <ellipse cx="100" cy="124" rx="36" ry="33" fill={mark} />
      <Eyes y={94} apart={22} />
      <ellipse cx="100" cy="106" rx="6" ry="4.5" fill="#d9847c" />
      <Mouth y={110} />
    </>
  ),
};

interface Props {
  pet: { id: string; species: Species; breed?: string | null; color?: string | null };
  /** What to say to those who do not see it; nothing where the name stands beside it. */
  alt?: string;
}

/** A pet's picture, drawn here from its species and color: no image is fetched. */
export function Picture({ pet, alt }: Props) {
  const { fur, mark, ground } = palette(pet.id, pet.color);
  const draw = drawingOf(pet.species, pet.breed ?? "");
  const label = alt ? { role: "img", "aria-label": alt } : { "aria-hidden": true as const };
  return (
    <svg className="picture" viewBox="0 0 200 158" preserveAspectRatio="xMidYMid slice" {...label}>
      <rect width="200" height="158" fill={ground} />
      <ellipse cx="100" cy="158" rx="86" ry="14" fill="rgb(0 0 0/7%)" />
      {draw({ fur, mark })}
    </svg>
  );
}
