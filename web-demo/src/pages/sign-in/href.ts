import { useLocation, useSearch } from "wouter";

/** Where to sign in, and come back from to what is shown now. */
export function useSignInHref(): string {
  const [location] = useLocation();
  const search = useSearch();
  const here = search ? `${location}?${search}` : location;
  return location.startsWith("/sign-in") ? here : `/sign-in?to=${encodeURIComponent(here)}`;
}
