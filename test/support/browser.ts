import supertest from 'supertest';
import type { Agent, TestApp } from './app.js';

/** A browser on our own pages: keeps cookies and says where it is. */
export function browser(app: TestApp, address?: string): Agent {
  const agent = supertest.agent(app.url);
  agent.set('origin', app.config.baseUrl);
  if (address) agent.set('x-forwarded-for', address);
  return agent;
}

/** The part of an address of ours that a request takes. */
export const pathOf = (link: string): string => {
  const url = new URL(link);
  return url.pathname + url.search;
};

/** Signs up, follows the link in the mail and signs in: a new person without any role. */
export async function newAccount(
  app: TestApp,
  email: string,
  password: string,
  name = 'Amal',
  address?: string,
): Promise<Agent> {
  const agent = browser(app, address);
  await agent.post('/api/auth/sign-up/email').send({ name, email, password }).expect(200);
  await agent.get(pathOf((await app.mail(email, /Is this your/)).link)).expect(302);
  await agent.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
  return agent;
}
