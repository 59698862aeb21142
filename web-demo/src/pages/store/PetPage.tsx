import "./store.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import type { Pet } from "../../api/types";
import { store, useLive } from "../../live/events";
import { ownPhoto } from "../../pets/photo";
import { Picture } from "../../pets/Picture";
import { Icon } from "../../ui/Icon";
import { age, price } from "../../ui/format";
import { Failed, Loading } from "../../ui/states";
import { PetBadge, words } from "../../ui/Status";
import { OrderPanel } from "./OrderPanel";
import { useTitle } from "../../app/title";

function facts({ species, breed, ageMonths, size, gender, color, goodWithKids, medicalInfo }: Pet): [string, string][] {
  const yes = (value: boolean | null | undefined) => (value ? "Yes" : "No");
  const all: [string, string | null | undefined][] = [
    ["Species", words(species)],
    ["Breed", breed],
    ["Age", age(ageMonths)],
    ["Size", size && words(size)],
    ["Gender", gender && gender !== "UNKNOWN" ? words(gender) : undefined],
    ["Color", color],
    ["Good with kids", goodWithKids === undefined || goodWithKids === null ? undefined : yes(goodWithKids)],
    ["Vaccinated", medicalInfo?.vaccinated === undefined ? undefined : yes(medicalInfo.vaccinated)],
    ["Spayed or neutered", medicalInfo?.spayedNeutered === undefined ? undefined : yes(medicalInfo.spayedNeutered)],
    ["Health", medicalInfo?.healthNotes],
  ];
  return all.filter((fact): fact is [string, string] => typeof fact[1] === "string" && fact[1] !== "");
}

export default function PetPage({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["pet", id],
    queryFn: ({ signal }) => take(api.GET("/v1/pets/{id}", { params: { path: { id } }, signal })),
  });
  const pet = useLive(() => data && store.newestPet(data), [data]);
  useTitle(pet ? pet.name : error ? "Pet" : undefined);
  if (error && !pet) return <Failed error={error} retry={() => void refetch()} />;
  if (!pet) return <Loading lines={3} height="9rem" />;
  const photo = ownPhoto(pet);
  return (
    <>
      <p className="small crumb">
        <Link href="/" className="row">
          <Icon name="back" />
          All pets
        </Link>
      </p>
      <div className="pet-page">
        <div className="pet-figure">{photo ? <img src={photo} alt={`${pet.name}, a photo`} /> : <Picture pet={pet} alt={`${pet.name}, ${words(pet.species).toLowerCase()}, a drawing`} />}</div>
        <div className="stack pet-side">
          <div className="row apart">
            <h1>{pet.name}</h1>
            <PetBadge status={pet.status} />
          </div>
          <p className="big-price number">{price(pet.price, pet.currency ?? "USD")}</p>
          <OrderPanel pet={pet} />
          <section className="card" aria-label={`About ${pet.name}`}>
            <dl className="facts">
              {facts(pet).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </section>
        </div>
        <div className="stack pet-text">
          {pet.description && <p>{pet.description}</p>}
          {pet.tags && pet.tags.length > 0 && (
            <div className="row">
              {pet.tags.map(({ name }) => (
                <span key={name} className="badge">
                  {name}
                </span>
              ))}
            </div>
          )}
        </div>
      </div>
    </>
  );
}
