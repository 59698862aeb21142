import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { paths } from "../../generated/rest";
import type { PetStatus, Species } from "../../api/types";
import { Icon } from "../../ui/Icon";
import { SelectField, TextField } from "../../ui/Field";
import { words } from "../../ui/Status";

type Query = NonNullable<paths["/v1/pets"]["get"]["parameters"]["query"]>;

const allSpecies: readonly Species[] = ["DOG", "CAT", "RABBIT", "BIRD", "REPTILE", "OTHER"];
const statuses: readonly PetStatus[] = ["AVAILABLE", "PENDING", "ADOPTED", "NOT_AVAILABLE"];
const sizes = ["SMALL", "MEDIUM", "LARGE"] as const;
const orders = { price: "Lowest price", "-price": "Highest price", ageMonths: "Youngest first", "-ageMonths": "Oldest first" } as const;
const typingMs = 250;

function oneOf<T extends string>(value: string | null, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** What the address asks for. Only what the API knows is asked on. */
export function readFilters(params: URLSearchParams): Query {
  const query: Query = { page: Math.max(1, Math.floor(Number(params.get("page") ?? 1)) || 1) };
  const species = oneOf(params.get("species"), allSpecies);
  const size = oneOf(params.get("size"), sizes);
  const sort = oneOf(params.get("sort"), Object.keys(orders) as (keyof typeof orders)[]);
  const status = params.get("status") ?? "AVAILABLE";
  const q = params.get("q")?.trim();
  if (species) query.species = species;
  if (size) query.size = size;
  if (sort) query.sort = sort;
  if (status !== "any") query.status = oneOf(status, statuses) ?? "AVAILABLE";
  if (q) query.q = q;
  if (params.get("kids")) query.goodWithKids = true;
  return query;
}

export function Filters() {
  const [params, setParams] = useSearchParams();
  const set = (name: string, value: string): void => {
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(name, value);
        else next.delete(name);
        next.delete("page");
        return next;
      },
      { replace: true },
    );
  };
  const inAddress = params.get("q") ?? "";
  const [text, setText] = useState(inAddress);
  useEffect(() => setText((typed) => (typed.trim() === inAddress ? typed : inAddress)), [inAddress]);
  useEffect(() => {
    if (text.trim() === inAddress) return;
    const timer = window.setTimeout(() => set("q", text.trim()), typingMs);
    return () => window.clearTimeout(timer);
    // Only typing asks; that the address changed is no reason.
  }, [text]);

  const species = params.get("species") ?? "";
  return (
    <form role="search" className="filters" onSubmit={(event) => event.preventDefault()}>
      <div className="search">
        <Icon name="search" />
        <TextField label="Search by name, breed or description" hideLabel type="search" placeholder="Search: calm, beagle, Luna…" maxLength={200} value={text} onChange={({ target }) => setText(target.value)} />
      </div>
      <div className="chips" role="group" aria-label="Species">
        {["", ...allSpecies].map((one) => (
          <button key={one} type="button" className="chip" aria-pressed={species === one} onClick={() => set("species", one)}>
            {one ? words(one) : "All"}
          </button>
        ))}
      </div>
      <div className="filter-fields">
        <SelectField label="Status" value={params.get("status") ?? "AVAILABLE"} onChange={({ target }) => set("status", target.value === "AVAILABLE" ? "" : target.value)}>
          {statuses.map((one) => (
            <option key={one} value={one}>
              {words(one)}
            </option>
          ))}
          <option value="any">Any status</option>
        </SelectField>
        <SelectField label="Size" value={params.get("size") ?? ""} onChange={({ target }) => set("size", target.value)}>
          <option value="">Any size</option>
          {sizes.map((one) => (
            <option key={one} value={one}>
              {words(one)}
            </option>
          ))}
        </SelectField>
        <SelectField label="Order" value={params.get("sort") ?? ""} onChange={({ target }) => set("sort", target.value)}>
          <option value="">{inAddress ? "Best match" : "Newest first"}</option>
          {Object.entries(orders).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
        <label className="check">
          <input type="checkbox" checked={params.has("kids")} onChange={({ target }) => set("kids", target.checked ? "1" : "")} />
          Good with kids
        </label>
      </div>
    </form>
  );
}
