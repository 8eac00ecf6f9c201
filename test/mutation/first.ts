// The first history that breaks a law is enough; it need not be shrunk.
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })
