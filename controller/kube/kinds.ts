// Our own kinds of resources, their paths at the API server, and our finalizer.
import { conditionTypes } from '../api/conditions.ts'
import { planConditions } from '../api/sync-plan.ts'

/** All three kinds. */
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
  syncPlan: {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncPlan',
    plural: 'syncplans',
    conditions: planConditions,
  },
} as const

/** The finalizer that keeps a deleted SyncGroup until its deletionPolicy is carried out. */
export const finalizer = 'exchangesync.dev/finalizer'
