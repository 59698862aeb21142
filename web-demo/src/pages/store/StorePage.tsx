import "./store.css";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { api, take } from "../../api/client";
import { useLive, store } from "../../live/events";
import type { Pet } from "../../api/types";
import { ownPhoto } from "../../pets/photo";
import { Picture } from "../../pets/Picture";
import { Button } from "../../ui/Button";
import { age, count, price } from "../../ui/format";
import { Empty, Failed } from "../../ui/states";
import { PetBadge, words } from "../../ui/Status";
import { Filters, readFilters } from "./Filters";
import { useTitle } from "../../app/title";

const perPage = 24;

function usePets(params: URLSearchParams) {
  const query = readFilters(params);
  return useQuery({
    queryKey: ["pets", query],
    queryFn: ({ signal }) => take(api.GET("/v1/pets", { params: { query: { ...query, limit: perPage } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** How many pets came or came back since the list was read; words and finer filters are the server's to judge. */
function newPets(params: URLSearchParams, shown: readonly Pet[], sinceMs: number): number {
  const { species, status, q, size, goodWithKids } = readFilters(params);
  if (q || size || goodWithKids) return 0;
  const found = store.events.filter(
    ({ eventType, timestamp, data }) =>
      Date.parse(timestamp) > sinceMs &&
      "pet" in data &&
      !shown.some(({ id }) => id === data.pet.id) &&
      (!species || data.pet.species === species) &&
      (eventType === "pet.created" ? !status || data.pet.status === status : "newStatus" in data && data.newStatus === status),
  );
  return new Set(found.map(({ data }) => ("pet" in data ? data.pet.id : ""))).size;
}

function Card({ pet }: { pet: Pet }) {
  const photo = ownPhoto(pet);
  return (
    <li className="pet">
      <Link href={`/pets/${pet.id}`} className="pet-link">
        {photo ? <img className="picture photo" src={photo} alt="" loading="lazy" /> : <Picture pet={pet} />}
        <span className="pet-body">
          <span className="row apart">
            <strong className="pet-name">{pet.name}</strong>
            <span className="pet-price number">{price(pet.price, pet.currency ?? "USD")}</span>
          </span>
          <span className="muted small pet-about">
            {pet.breed ?? words(pet.species)} · {age(pet.ageMonths)}
          </span>
          <span className="row">
            <PetBadge status={pet.status} />
            {pet.goodWithKids && <span className="badge">Good with kids</span>}
          </span>
        </span>
      </Link>
    </li>
  );
}

function Placeholders() {
  return (
    <ul role="list" className="pets" aria-label="Loading pets">
      {Array.from({ length: 12 }, (_, index) => (
        <li key={index} className="pet">
          <div className="picture skeleton" />
          <div className="pet-body">
            <div className="skeleton pet-line" />
            <div className="skeleton pet-line short" />
            <div className="skeleton pet-line short" />
          </div>
        </li>
      ))}
    </ul>
  );
}

export function StorePage() {
  useTitle("Store");
  const [params, setParams] = useSearchParams();
  const { data, dataUpdatedAt, error, isPending, isPlaceholderData, refetch } = usePets(params);
  const pets = useLive(() => data?.data.map((pet) => store.newestPet(pet)) ?? [], [data]);
  const { page = 1 } = readFilters(params);
  const added = useLive(() => newPets(params, data?.data ?? [], dataUpdatedAt), [params, data, dataUpdatedAt]);
  const pages = data?.pagination.totalPages ?? 1;
  const turn = (to: number): void => {
    setParams((old) => {
      const next = new URLSearchParams(old);
      next.set("page", String(to));
      return next;
    });
    window.scrollTo(0, 0);
  };
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Find your pet</h1>
          <p>Every card is live: when someone orders a pet, here or through any other protocol, you see it at once.</p>
        </div>
        <div className="row">
          {added > 0 && (
            <Button compact icon="refresh" onClick={() => void refetch()}>
              {added} new: show
            </Button>
          )}
          <p className="number" role="status">
            {data ? `${count(data.pagination.totalItems)} pets` : " "}
          </p>
        </div>
      </div>
      <Filters />
      {isPending && <Placeholders />}
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {data && pets.length === 0 && (
        <Empty icon="search" title="No pet is like that">
          <span>Try fewer filters.</span>
          <Button onClick={() => setParams({})}>Show all available pets</Button>
        </Empty>
      )}
      {pets.length > 0 && (
        <ul role="list" className="pets" aria-busy={isPlaceholderData}>
          {pets.map((pet) => (
            <Card key={pet.id} pet={pet} />
          ))}
        </ul>
      )}
      {pages > 1 && (
        <nav className="pager" aria-label="Pages of pets">
          <Button icon="back" disabled={page <= 1} onClick={() => turn(page - 1)}>
            Previous
          </Button>
          <span className="number small">
            Page {count(page)} of {count(pages)}
          </span>
          <Button disabled={page >= pages} onClick={() => turn(page + 1)}>
            Next
          </Button>
        </nav>
      )}
    </>
  );
}
