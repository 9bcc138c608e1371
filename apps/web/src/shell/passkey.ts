import { auth } from '#web/api/session';

/*
 * Passkeys between the browser, which speaks bytes, and the API, which speaks Base64url.
 */
const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (each) => each.charCodeAt(0));
const text = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');

/** Whether this browser, at this address, has passkeys. */
export const passkeysWork = (): boolean => isSecureContext && 'PublicKeyCredential' in window;

interface Descriptor {
  id: string;
  type: 'public-key';
}
const described = (list: readonly Descriptor[] | undefined) =>
  list?.map((each) => ({ ...each, id: bytes(each.id) }));

/** Signs in with a passkey. @throws ApiProblem, NoConnection, DOMException when the person stops it */
export async function signInWithPasskey(): Promise<void> {
  const options = await auth<{ challenge: string; allowCredentials?: Descriptor[] }>(
    '/passkey/generate-authenticate-options',
  );
  const credential = (await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials) ?? [],
    },
  })) as PublicKeyCredential;
  const given = credential.response as AuthenticatorAssertionResponse;
  await auth('/passkey/verify-authentication', {
    response: {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        authenticatorData: text(given.authenticatorData),
        clientDataJSON: text(given.clientDataJSON),
        signature: text(given.signature),
        ...(given.userHandle && { userHandle: text(given.userHandle) }),
      },
    },
  });
}

/** Registers a passkey for whoever is signed in. @throws ApiProblem, NoConnection, DOMException when the person stops it */
export async function addPasskey(name: string): Promise<void> {
  const options = await auth<{
    challenge: string;
    user: { id: string; name: string; displayName: string };
    excludeCredentials?: Descriptor[];
    rp: PublicKeyCredentialRpEntity;
    pubKeyCredParams: PublicKeyCredentialParameters[];
  }>('/passkey/generate-register-options');
  const credential = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials) ?? [],
    },
  })) as PublicKeyCredential;
  const given = credential.response as AuthenticatorAttestationResponse;
  await auth('/passkey/verify-registration', {
    name,
    response: {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        attestationObject: text(given.attestationObject),
        clientDataJSON: text(given.clientDataJSON),
        transports: given.getTransports(),
      },
    },
  });
}
