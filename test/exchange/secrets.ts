// The Secrets of an embedded Exchange that runs as a pod: its certificate for the DNS name of its Service, and the
// authority that an ExchangeServer trusts (`spec.tls.caSecretRef`). They are made by a command, so that no key is in Git.
import { stringify } from 'yaml'
import { makeCertificates } from './http/certificate.ts'

/** A name that is not that of a Service. */
export class NameError extends Error {}

/**
 * Two Secrets as YAML for `kubectl apply`: SERVICE-tls with a new key and its certificate, SERVICE-ca with the certificate of
 * the authority, whose own key is not kept. Throws `NameError` for a name that is not like `exchange.mail.svc`.
 */
export function secretsFor(name: string, nowMs: number): string {
  const label = '[a-z0-9](?:[-a-z0-9]{0,57}[a-z0-9])?'
  const [, service, namespace] =
    new RegExp(`^(${label})\\.(${label})\\.svc(?:\\.[a-z0-9.-]{1,120})?$`).exec(name) ?? []
  if (service === undefined || namespace === undefined)
    throw new NameError(
      `--print-secrets ${name} is not the name of a Service; write SERVICE.NAMESPACE.svc, as the URL of the ExchangeServer does`,
    )
  const { ca, cert, key } = makeCertificates(nowMs, 'sha256', [name])
  const secret = (suffix: string, type: string, stringData: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${service}-${suffix}`, namespace },
    type,
    stringData,
  })
  return [
    secret('tls', 'kubernetes.io/tls', { 'tls.crt': cert, 'tls.key': key }),
    secret('ca', 'Opaque', { 'ca.crt': ca }),
  ]
    .map((each) => stringify(each))
    .join('---\n')
}
