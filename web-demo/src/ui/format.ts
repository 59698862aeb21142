const locale = "en";
const money = new Map<string, Intl.NumberFormat>();
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const moment = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Shows an amount; it is never computed with as a float. */
export function price(amount: string, currency: string): string {
  let format = money.get(currency);
  if (!format) {
    format = new Intl.NumberFormat(locale, { style: "currency", currency });
    money.set(currency, format);
  }
  return format.format(amount as unknown as number);
}

export const timeOf = (at: string): string => clock.format(new Date(at));
export const dayOf = (at: string): string => day.format(new Date(at));
export const momentOf = (at: string): string => moment.format(new Date(at));

/** 3 → 3 months, 30 → 2 years. */
export function age(months: number): string {
  if (months < 24) return months === 1 ? "1 month" : `${months} months`;
  return `${Math.floor(months / 12)} years`;
}

export function count(value: number): string {
  return value.toLocaleString(locale);
}
