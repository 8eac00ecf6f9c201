// Our own kinds of resources, where they are served, and the finalizer that we put on them.
import { conditionTypes } from '../api/conditions.ts'

/** Both kinds. */
export const kinds = {
  syncGroup: {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    plural: 'syncgroups',
    conditions: conditionTypes,
  },
  exchangeServer: {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'ExchangeServer',
    plural: 'exchangeservers',
    conditions: conditionTypes,
  },
} as const

/** What keeps a SyncGroup that was deleted until its end is done. */
export const finalizer = 'exchangesync.dev/finalizer'
