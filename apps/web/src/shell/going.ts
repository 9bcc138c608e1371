/**
 * Where somebody was going who had to leave by way of their mail: the link there brings them to the start, and can't know. What
 * opens a cohort is in the part of the address that browsers send to nobody, so it waits here, for a day, for its person alone.
 */
interface Going {
  readonly email: string;
  readonly to: string;
  readonly until: number;
}

const STORED = 'uplift.going';
const DAY = 86_400_000;

/** Notes the page that is asked for, unless it is the start. */
export function noteGoing(email: string): void {
  const to = location.pathname.replace(/^\/app/, '') + location.search + location.hash;
  if (/^\/(sign-in)?([?#].*)?$/.test(to)) return;
  const going: Going = { email: email.toLowerCase(), to, until: Date.now() + DAY };
  localStorage.setItem(STORED, JSON.stringify(going));
}

/** Where the person was going; null: nowhere. */
export function goingOf(email: string): string | null {
  try {
    const going = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Going | null;
    return going?.email === email.toLowerCase() && Date.now() < going.until ? going.to : null;
  } catch {
    // Written by something else: nobody was going anywhere then.
    return null;
  }
}

export const forgetGoing = (): void => localStorage.removeItem(STORED);
