/**
 * Calendar invitations to site visits (RFC 5545 and 5546): all-day events that every calendar understands. Writing
 * again with the same `uid` and a higher `sequence` moves the event; `CANCEL` takes it away.
 */
import ical, {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalCalendarMethod,
  ICalEventStatus,
} from 'ical-generator';
import { DomainError } from '#domain';

/** Somebody in an invitation. */
export interface InvitationPerson {
  readonly name: string;
  readonly email: string;
}

/** What an invitation says. */
export interface InvitationInput {
  /** Stays the same for all the versions of one visit. */
  readonly uid: string;
  /** 0 for the first invitation, one more for every change and for the cancellation. */
  readonly sequence: number;
  readonly method: 'REQUEST' | 'CANCEL';
  /** Day of the visit, `YYYY-MM-DD`. It has no time zone: the event is all-day. */
  readonly date: string;
  /** Last day of a visit of several days. Default: the same day. */
  readonly lastDate?: string;
  readonly summary: string;
  readonly description: string;
  readonly location: string;
  readonly organiser: InvitationPerson;
  readonly attendees: readonly InvitationPerson[];
  /** When this version was made (DTSTAMP). Default: now. */
  readonly stamp?: Date;
}

/** Media type and method under which an invitation is attached to a mail. */
export const invitationContentType = (method: InvitationInput['method']): string =>
  `text/calendar; charset=utf-8; method=${method}`;

/** Writes the invitation as the text of an `.ics` file. */
export function invitationIcs(input: InvitationInput): string {
  const first = dayOf('/date', input.date);
  const last = input.lastDate === undefined ? first : dayOf('/lastDate', input.lastDate);
  if (last < first) throw invalid('/lastDate', 'The last day is before the first one.');
  if (!Number.isSafeInteger(input.sequence) || input.sequence < 0) {
    throw invalid('/sequence', 'The sequence is a whole number of 0 or more.');
  }
  if (!/^[\x21-\x7e]+$/.test(input.uid))
    throw invalid('/uid', 'The uid is made of visible ASCII characters.');

  const cancelled = input.method === 'CANCEL';
  const calendar = ical({
    prodId: '//Uplift//Site visits//EN',
    method: cancelled ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  });
  const event = calendar.createEvent({
    id: input.uid,
    sequence: input.sequence,
    stamp: input.stamp ?? new Date(),
    allDay: true,
    // Midnight UTC, written out in UTC: the day never shifts with the zone of the machine. The end is exclusive.
    start: new Date(first),
    end: new Date(last + DAY_MS),
    summary: plainText(input.summary),
    description: plainText(input.description),
    location: plainText(input.location),
    organizer: personOf('/organiser', input.organiser),
    status: cancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
  });
  input.attendees.forEach((attendee, index) => {
    event.createAttendee({
      ...personOf(`/attendees/${index}`, attendee),
      role: ICalAttendeeRole.REQ,
      status: ICalAttendeeStatus.NEEDSACTION,
      rsvp: !cancelled,
    });
  });
  return withFinalLineBreak(calendar.toString());
}

/** An all-day event of a calendar; both days are in it. */
export interface CalendarEvent {
  readonly uid: string;
  readonly from: string;
  readonly to: string;
  readonly summary: string;
  readonly location: string;
}

/** A person's days as a calendar to subscribe to (METHOD:PUBLISH); nobody is invited by it. */
export function calendarIcs(input: {
  readonly name: string;
  readonly events: readonly CalendarEvent[];
  readonly stamp?: Date;
}): string {
  const calendar = ical({
    prodId: '//Uplift//Calendar//EN',
    method: ICalCalendarMethod.PUBLISH,
    name: plainText(input.name),
  });
  input.events.forEach((event, index) => {
    calendar.createEvent({
      id: event.uid,
      stamp: input.stamp ?? new Date(),
      allDay: true,
      start: new Date(dayOf(`/events/${index}/from`, event.from)),
      end: new Date(dayOf(`/events/${index}/to`, event.to) + DAY_MS),
      summary: plainText(event.summary),
      location: plainText(event.location) || null,
    });
  });
  return withFinalLineBreak(calendar.toString());
}

const DAY_MS = 86_400_000;

function dayOf(field: string, date: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    throw invalid(field, `"${date}" is not a day (YYYY-MM-DD).`);
  }
  return time;
}

/** ical-generator escapes backslash, comma, semicolon and line breaks; other control characters may not stand. */
const plainText = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => ('\t\r\n'.includes(character) ? character : ''));

/** A name stands in double quotes, within which the format has no way to write these characters. */
const quotable = (name: string): string =>
  name
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();

function personOf(field: string, { name, email }: InvitationPerson): InvitationPerson {
  // The address is written as it stands, so nothing that could end the line or the value may be in it.
  if (!/^[^\s@<>,;:"\\]+@[^\s@<>,;:"\\]+$/.test(email))
    throw invalid(`${field}/email`, 'This is not a mail address.');
  return { name: quotable(name) || email, email };
}

const withFinalLineBreak = (text: string): string => (text.endsWith('\r\n') ? text : `${text}\r\n`);

const invalid = (field: string, message: string): DomainError =>
  new DomainError('invitation-invalid', `The invitation cannot be written: ${message}`, [{ field, message }]);
