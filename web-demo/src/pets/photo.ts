import type { Pet } from "../api/types";

/** A photo that was uploaded to this server; what is elsewhere is not fetched. */
export function ownPhoto({ photos }: Pick<Pet, "photos">): string | undefined {
  return photos?.find((photo) => URL.canParse(photo, location.href) && new URL(photo, location.href).origin === location.origin);
}
