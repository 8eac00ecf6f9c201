// The resources as the API server and the local directory hand them out: defaults are there.
// Generated from crds/ by `npm run generate`; do not edit. Times are RFC 3339 strings (also in
// conditions, where V1Condition says Date: the client leaves custom resources as the server sent
// them).

import type { V1ObjectMeta } from '@kubernetes/client-node'

/**
 * An ExchangeServer describes how to reach one Exchange organisation over EWS, and with which
 * account. SyncGroups of the same namespace refer to it.
 */
export interface ExchangeServer {
  /** The version of this schema, exchangesync.dev/v1alpha1. */
  readonly apiVersion: 'exchangesync.dev/v1alpha1'
  /** The kind of this resource, ExchangeServer. */
  readonly kind: 'ExchangeServer'
  /** Standard metadata. */
  readonly metadata: V1ObjectMeta
  readonly spec: ExchangeServerSpec
  readonly status?: ExchangeServerStatus
}

/** The desired state. */
export interface ExchangeServerSpec {
  /**
   * The EWS endpoint, like https://mail.corp.example/EWS/Exchange.asmx. Must be https, except for a
   * loopback host. User names and passwords belong in the Secret, never in the URL.
   */
  readonly url: string
  readonly auth: ExchangeServerAuth
  readonly tls?: ExchangeServerTls
  /**
   * How the controller reaches members' mailboxes. Impersonation acts as each mailbox's owner (the
   * ApplicationImpersonation role). Delegate acts as the account itself, with its permissions on
   * each folder.
   */
  readonly access: 'Impersonation' | 'Delegate'
  /** How often the controller asks whether the server answers, as a Go duration from 1s to 24h. */
  readonly interval: string
  /**
   * Whether the server is suspended. Meanwhile no group that refers to it reads or writes anything.
   */
  readonly suspend: boolean
  readonly allowed: ExchangeServerAllowed
  readonly limits: ExchangeServerLimits
}

/** How the controller signs in. */
export interface ExchangeServerAuth {
  /**
   * Basic and NTLM take the keys username and password from the Secret; a username is DOMAIN\user,
   * an address (user principal name) or a plain name. Kerberos takes username (the principal, like
   * svc@CORP.EXAMPLE) and keytab. OAuth (client credentials) takes tokenURL, clientID, clientSecret
   * and scope.
   */
  readonly type: 'Basic' | 'NTLM' | 'Kerberos' | 'OAuth'
  /**
   * Whether NTLM states to which certificate the connection belongs, as Extended Protection
   * demands. Send when not given. Omit signs in through a proxy that ends TLS with a certificate of
   * its own, where the server allows it (Extended Protection is Off or Allow).
   */
  readonly channelBinding?: 'Send' | 'Omit'
  readonly secretRef: ExchangeServerAuthSecretRef
}

/** The Secret with the credentials, in the namespace of the ExchangeServer. */
export interface ExchangeServerAuthSecretRef {
  /** The name of the Secret. */
  readonly name: string
}

/**
 * How the server's certificate is checked. Without it the controller trusts the certificate
 * authorities that Node trusts.
 */
export interface ExchangeServerTls {
  readonly caSecretRef: ExchangeServerTlsCaSecretRef
}

/**
 * The Secret with the certificate authority to trust instead, in the namespace of the
 * ExchangeServer.
 */
export interface ExchangeServerTlsCaSecretRef {
  /** The name of the Secret. */
  readonly name: string
  /** The key in the Secret that holds one or more certificates in PEM format. */
  readonly key: string
}

/**
 * The permissions of SyncGroups on this server. Anything else is unreachable for them (reason
 * NotAllowed): it is neither read nor written, and nothing counts as removed or deleted. An empty
 * list allows nothing.
 */
export interface ExchangeServerAllowed {
  /**
   * The namespaces whose SyncGroups may refer to this server: Same (its own), All, {names: [...]},
   * or {selector: {matchLabels, matchExpressions}} by the labels of the namespace. Of names and
   * selector its own namespace must be one, too. Another namespace also needs
   * --allow-cross-namespace-refs. A selector needs a controller that watches all namespaces of a
   * cluster.
   */
  readonly namespaces: unknown
  /**
   * The public folders that may take part, as a hub or as a member, each with everything below it,
   * like /Company. Whole names count, upper and lower case are the same. All when not given.
   */
  readonly hubs?: readonly string[]
  /**
   * The mailboxes that may take part, as a hub or as members, by domain (corp.example) or address
   * (sales-*@corp.example). '*' matches any characters within the part before or after '@'. Both
   * the declared and the mailbox's primary address must be among them. All when not given.
   */
  readonly mailboxes?: readonly string[]
  /**
   * The folders of mailboxes that may take part, from the top of the mailbox. '*' matches any
   * characters within a name; as the last name it matches one name or more, so Contacts/* allows
   * Contacts/Company and Contacts/A/B, and not Contacts itself. The folder's present path counts.
   */
  readonly folders: readonly string[]
  /** Whether a SyncGroup may copy members' private items to the others (private Copy). */
  readonly private: boolean
  /** The directions that members may have. Both when not given. */
  readonly directions?: readonly ('TwoWay' | 'OneWay')[]
  readonly guard?: ExchangeServerAllowedGuard
}

/** Bounds for the guards of SyncGroups. */
export interface ExchangeServerAllowedGuard {
  readonly ceilings?: ExchangeServerAllowedGuardCeilings
}

/**
 * The upper limits for the guards of SyncGroups, whatever they say. The smaller limit and the
 * longer window count. Only an annotation of the ExchangeServer approves more. None when not given.
 */
export interface ExchangeServerAllowedGuardCeilings {
  /** The least time within which effects are counted together, as a Go duration from 1s to 168h. */
  readonly window: string
  readonly deletions?: ExchangeServerAllowedGuardCeilingsDeletions
  readonly updates?: ExchangeServerAllowedGuardCeilingsUpdates
  readonly publications?: ExchangeServerAllowedGuardCeilingsPublications
}

/** How many deletes one replica may cause at most. 0 forbids deletes. */
export interface ExchangeServerAllowedGuardCeilingsDeletions {
  /** The limit as a share of the items in percent, rounded up to whole items. */
  readonly maxPercent?: number
  /** The limit as a number of items. */
  readonly maxCount?: number
}

/** How many items one replica may edit for all folders at most. 0 forbids edits. */
export interface ExchangeServerAllowedGuardCeilingsUpdates {
  /** The limit as a share of the items in percent, rounded up to whole items. */
  readonly maxPercent?: number
  /** The limit as a number of items. */
  readonly maxCount?: number
}

/**
 * How many new items of its own one member may bring to all folders at most. 0 forbids
 * publications.
 */
export interface ExchangeServerAllowedGuardCeilingsPublications {
  /** The limit as a number of items. */
  readonly maxCount?: number
}

/** Limits for the controller's requests to the server. */
export interface ExchangeServerLimits {
  /** How many requests may run at the same time. */
  readonly concurrency: number
  /** How many requests may run at the same time for one mailbox. At most concurrency. */
  readonly concurrencyPerMailbox: number
  /** How long one request may take, as a Go duration from 1s to 10m. */
  readonly requestTimeout: string
}

/** The observed state. Written by the controller only. */
export interface ExchangeServerStatus {
  /** The generation of the spec that this status is about, -1 before the first look. */
  readonly observedGeneration?: number
  /**
   * Ready is always present. Reconciling, Stalled and Guarded are present only while they are true.
   */
  readonly conditions?: readonly ExchangeServerStatusCondition[]
  /** The version the server reported last, like 15.2.2562.17. */
  readonly version?: string
  /** The value of the annotation exchangesync.dev/requestedAt that was acted on last. */
  readonly lastHandledReconcileAt?: string
}

/** One aspect of the resource's state. */
export interface ExchangeServerStatusCondition {
  /** The aspect that the condition is about, in CamelCase. */
  readonly type: string
  /** Whether the condition is true. */
  readonly status: 'True' | 'False' | 'Unknown'
  /** Why, as one word in CamelCase for programs. */
  readonly reason: string
  /** Why, for people, and the next thing to do. */
  readonly message: string
  /** When the status changed last. */
  readonly lastTransitionTime: string
  /** The generation of the spec that the condition is about. */
  readonly observedGeneration?: number
}

/**
 * A SyncGroup keeps the folders of its members in sync with the folder of its hub, one-way or
 * two-way. The hub and each member is a public folder or a folder of a mailbox.
 */
export interface SyncGroup {
  /** The version of this schema, exchangesync.dev/v1alpha1. */
  readonly apiVersion: 'exchangesync.dev/v1alpha1'
  /** The kind of this resource, SyncGroup. */
  readonly kind: 'SyncGroup'
  /** Standard metadata. */
  readonly metadata: V1ObjectMeta
  readonly spec: SyncGroupSpec
  readonly status?: SyncGroupStatus
}

/** The desired state. */
export interface SyncGroupSpec {
  readonly serverRef: SyncGroupServerRef
  /** The kind of items in the folders. */
  readonly items: 'Contacts'
  readonly hub: SyncGroupHub
  /**
   * The direction for members that name none. TwoWay brings members' edits to all folders. OneWay
   * brings the hub's items to the members and nothing back.
   */
  readonly direction: 'TwoWay' | 'OneWay'
  /**
   * The folders that take part besides the hub: each mailbox and each public folder at most once,
   * whatever its upper and lower case. May be empty while a group is being set up.
   */
  readonly members: readonly SyncGroupMember[]
  /**
   * The winner when two replicas changed the same field differently. The losing edit is kept in the
   * bin. KeepBoth makes the losing edit a separate item.
   */
  readonly conflicts: 'HubWins' | 'MemberWins' | 'LatestWins' | 'KeepBoth'
  /**
   * The treatment of edits and deletes that OneWay members make to our copies. Revert makes them
   * like the hub again. Ignore leaves them until the hub's item changes.
   */
  readonly drift: 'Revert' | 'Ignore'
  /**
   * The treatment of a member's own items that are marked private. Skip keeps them in the mailbox.
   * Copy treats them like all others.
   */
  readonly private: 'Skip' | 'Copy'
  readonly guard: SyncGroupGuard
  /**
   * How long after a pass the next one starts, as a Go duration from 1s to 24h. A changed
   * declaration or a request by annotation makes it start earlier.
   */
  readonly interval: string
  /** How long after an error the next pass starts, as a Go duration from 1s to 24h. */
  readonly retryInterval: string
  /** How long one pass may take, as a Go duration from 1s to 24h. The next pass does the rest. */
  readonly timeout: string
  /** Whether passes are suspended. Nothing is read or written while they are. */
  readonly suspend: boolean
  /**
   * The treatment of the copies in members' folders when the SyncGroup is deleted, or the member is
   * removed from it. Orphan leaves them. RemoveCopies moves those that the controller made to the
   * bin. Items that the member's users entered always stay.
   */
  readonly deletionPolicy: 'Orphan' | 'RemoveCopies'
}

/** The ExchangeServer of the hub and of the members that name none of their own. */
export interface SyncGroupServerRef {
  /** The name of the ExchangeServer. */
  readonly name: string
  /**
   * The namespace of the ExchangeServer, when it is not that of the SyncGroup. It is refused unless
   * the ExchangeServer allows it (spec.allowed.namespaces) and the controller runs with
   * --allow-cross-namespace-refs.
   */
  readonly namespace?: string
}

/**
 * The replica that all others are compared with: a public folder, or a folder of a mailbox. Without
 * it a pass decides nothing.
 */
export interface SyncGroupHub {
  readonly serverRef?: SyncGroupHubServerRef
  /**
   * The primary SMTP address of the mailbox whose folder is the hub, like sales@corp.example. Upper
   * and lower case are the same.
   */
  readonly mailbox?: string
  /**
   * The path of the folder that is the hub, from the top of the mailbox, like Contacts/Customers.
   * It must be there. A slash in a name is written \/ and a backslash \\.
   */
  readonly folder?: string
  /**
   * The path of the public folder, from the top of the public folders, like /Company/Contacts. A
   * slash in a name is written \/ and a backslash \\, like /Company/Sales\/Marketing.
   */
  readonly publicFolder?: string
}

/** The ExchangeServer of the hub. The group's serverRef when not given. */
export interface SyncGroupHubServerRef {
  /** The name of the ExchangeServer. */
  readonly name: string
  /**
   * The namespace of the ExchangeServer, when it is not that of the SyncGroup. It is refused unless
   * the ExchangeServer allows it (spec.allowed.namespaces) and the controller runs with
   * --allow-cross-namespace-refs.
   */
  readonly namespace?: string
}

/** A folder that is kept in sync with the hub, in a mailbox or among the public folders. */
export interface SyncGroupMember {
  /**
   * The primary SMTP address of the mailbox, like anna@corp.example. Upper and lower case are the
   * same.
   */
  readonly mailbox: string
  /**
   * The path of a public folder that takes part, from the top of the public folders, like
   * /Branches/Cracow. It must be there.
   */
  readonly publicFolder: string
  readonly serverRef?: SyncGroupMemberServerRef
  /** The direction for this member. OneWay only receives. The group's direction when not given. */
  readonly direction?: 'TwoWay' | 'OneWay'
  /**
   * The path of the folder in the mailbox, from its top, like Contacts/Company. It is created when
   * missing. When not given it is the folder below Contacts that is named like the hub. A slash in
   * a name is written \/ and a backslash \\.
   */
  readonly folder?: string
}

/** The ExchangeServer of this member. The group's serverRef when not given. */
export interface SyncGroupMemberServerRef {
  /** The name of the ExchangeServer. */
  readonly name: string
  /**
   * The namespace of the ExchangeServer, when it is not that of the SyncGroup. It is refused unless
   * the ExchangeServer allows it (spec.allowed.namespaces) and the controller runs with
   * --allow-cross-namespace-refs.
   */
  readonly namespace?: string
}

/**
 * The brake on dangerous plans. A replica that would cause more than this within the window is
 * blocked until the plan is approved (annotation exchangesync.dev/approve) or its cause is undone.
 */
export interface SyncGroupGuard {
  /**
   * The time within which the effects of a replica are counted together, as a Go duration from 1s
   * to 168h.
   */
  readonly window: string
  readonly deletions: SyncGroupGuardDeletions
  readonly publications: SyncGroupGuardPublications
  readonly updates: SyncGroupGuardUpdates
  /**
   * A limit in percent never allows fewer items than this, unless it is 0. Limits by maxCount stay
   * as they are, and a replica that would delete the last items is blocked, unless
   * deletions.maxPercent is 100.
   */
  readonly minCount: number
}

/** How many deletes one replica may cause. The smaller limit counts. 0 forbids deletes. */
export interface SyncGroupGuardDeletions {
  /** The limit as a share of the items in percent, rounded up to whole items. */
  readonly maxPercent: number
  /** The limit as a number of items. */
  readonly maxCount: number
}

/** How many new items of its own one member may bring to all folders. */
export interface SyncGroupGuardPublications {
  /** The limit as a number of items. 0 forbids publications. */
  readonly maxCount: number
}

/**
 * How many items one replica may edit for all folders. The smaller limit counts. 0 forbids edits.
 * Restores from the bin have the same limit. A first sync does not count.
 */
export interface SyncGroupGuardUpdates {
  /** The limit as a share of the items in percent, rounded up to whole items. */
  readonly maxPercent: number
  /** The limit as a number of items. */
  readonly maxCount: number
}

/** The observed state. Written by the controller only. Never contains the content of items. */
export interface SyncGroupStatus {
  /** The generation of the spec that this status is about, -1 before the first look. */
  readonly observedGeneration?: number
  /**
   * Ready is always present. Reconciling, Stalled and Guarded are present only while they are true.
   */
  readonly conditions?: readonly SyncGroupStatusCondition[]
  /** How many items are kept in sync. */
  readonly items?: number
  readonly members?: SyncGroupStatusMembers
  readonly conflicts?: SyncGroupStatusConflicts
  readonly lastPass?: SyncGroupStatusLastPass
  /** Members that need attention, at most 50. There may be more. */
  readonly problems?: readonly SyncGroupStatusProblem[]
  readonly history?: SyncGroupStatusHistory
  readonly progress?: SyncGroupStatusProgress
  readonly guard?: SyncGroupStatusGuard
  readonly verified?: SyncGroupStatusVerified
  /** The value of the annotation exchangesync.dev/requestedAt that was acted on last. */
  readonly lastHandledReconcileAt?: string
  /** The value of the annotation exchangesync.dev/forceAt that was acted on last. */
  readonly lastHandledForceAt?: string
}

/** One aspect of the resource's state. */
export interface SyncGroupStatusCondition {
  /** The aspect that the condition is about, in CamelCase. */
  readonly type: string
  /** Whether the condition is true. */
  readonly status: 'True' | 'False' | 'Unknown'
  /** Why, as one word in CamelCase for programs. */
  readonly reason: string
  /** Why, for people, and the next thing to do. */
  readonly message: string
  /** When the status changed last. */
  readonly lastTransitionTime: string
  /** The generation of the spec that the condition is about. */
  readonly observedGeneration?: number
}

/** The members by state. */
export interface SyncGroupStatusMembers {
  /** All members of the spec. */
  readonly total: number
  /** Members with everything that the hub has. */
  readonly current: number
  /** Members that could be read and lack something. */
  readonly behind: number
  /** Members that could not be read. */
  readonly unreachable: number
  /** Current members and all members for people, like 19/20. */
  readonly summary: string
}

/** Two different edits of the same field of one item. */
export interface SyncGroupStatusConflicts {
  /** Conflicts since the group was created. */
  readonly total: number
  /** When the last conflict was found. */
  readonly lastTime?: string
  /** The latest conflicts, newest first. The lost edits are in the bin (exsync conflicts). */
  readonly recent?: readonly SyncGroupStatusConflictsRecent[]
}

/** One conflict, without any content. */
export interface SyncGroupStatusConflictsRecent {
  /** The id of the link, to look it up with exsync conflicts. */
  readonly link: string
  /** The name of the field that was edited twice. */
  readonly field: string
  /** The replica whose edit lost, hub, or a member's mailbox or public folder. */
  readonly replica: string
  /** When the conflict was found. */
  readonly time: string
}

/** The result of the last pass. */
export interface SyncGroupStatusLastPass {
  /** When the pass ended. A pass without changes updates it every five minutes only. */
  readonly time: string
  /** How long the pass took, in milliseconds. */
  readonly durationMs: number
  /** Copies created. */
  readonly created: number
  /** Copies updated. */
  readonly updated: number
  /** Copies deleted. */
  readonly deleted: number
  /** Edits and items saved in the bin before they were overwritten or deleted. */
  readonly kept: number
}

/** One replica that needs attention. */
export interface SyncGroupStatusProblem {
  /** The member's mailbox. Absent when it is about the hub or a public folder. */
  readonly mailbox?: string
  /** The member's public folder. Absent when it is about the hub or a mailbox. */
  readonly publicFolder?: string
  /** The problem, as one word in CamelCase for programs. */
  readonly reason: string
  /** The problem, for people, and the next thing to do. */
  readonly message: string
}

/**
 * How far back the history of edits reaches, if that is less than its retention because it was
 * full. Absent otherwise.
 */
export interface SyncGroupStatusHistory {
  /** Edits before this time are no longer in the history. */
  readonly since: string
}

/**
 * The progress of a pass under way, written every ten seconds while it runs. Absent between passes,
 * and in passes of less than ten seconds. A controller that ends in the middle of a pass leaves it;
 * the next pass removes it.
 */
export interface SyncGroupStatusProgress {
  /**
   * Reading while the folders are listed, Writing while copies are created, updated and deleted,
   * Removing while the copies of a deleted group are removed.
   */
  readonly phase: 'Reading' | 'Writing' | 'Removing'
  /** The planned copies that are dealt with. */
  readonly done: number
  /**
   * The copies to be written or removed. The number may grow while a first synchronisation reads
   * on.
   */
  readonly planned: number
  /** The members whose folder is read, or for whom no planned copy is left. */
  readonly membersDone: number
  /** The members that the pass is about. */
  readonly members: number
  /** When the pass began. */
  readonly startTime: string
  /** When the counts were taken. */
  readonly time: string
  /** When the pass will end at its present rate. Absent without a rate. */
  readonly estimatedEnd?: string
}

/** The plan that the guard blocked. Absent without one. */
export interface SyncGroupStatusGuard {
  /**
   * The hash of the blocked effects. To approve exactly them, annotate the SyncGroup, or the
   * ExchangeServer if one of them is above its ceiling, with exchangesync.dev/approve and this
   * value.
   */
  readonly hash: string
  /** The blocked replicas, at most 50. There may be more. */
  readonly refusals: readonly SyncGroupStatusGuardRefusal[]
}

/** One blocked replica, and the reason. */
export interface SyncGroupStatusGuardRefusal {
  /**
   * The replica that would cause it, hub, or a member's mailbox or public folder, or bin for
   * requested restores.
   */
  readonly replica: string
  /** The limit that it would exceed. */
  readonly reason: 'Deletions' | 'Publications' | 'Updates'
  /** How many it would cause, with what it caused within the window. */
  readonly count: number
  /** How many it may cause within the window. */
  readonly limit: number
  /** The hash of this replica's effects alone, to approve them and no others. */
  readonly hash?: string
  /**
   * Whether it is above spec.allowed.guard of the ExchangeServer. Then the annotation
   * exchangesync.dev/approve counts on the ExchangeServer only.
   */
  readonly above?: boolean
}

/**
 * The result of the verification that was requested last, with the annotation
 * exchangesync.dev/verifyAt: every copy was read again and compared with the agreed content. A
 * verification writes nothing.
 */
export interface SyncGroupStatusVerified {
  /** The value of the annotation exchangesync.dev/verifyAt that this is about. */
  readonly requestedAt: string
  /** When the verification ended. */
  readonly time: string
  /** How many copies were read and compared, in all replicas. */
  readonly copies: number
  /** How many deviations were found, including copies that could not be read. */
  readonly deviations: number
  /**
   * Proved when every copy was read and is as agreed. Deviating when one is not. Unread when all
   * that was read is as agreed, but a part could not be read or time ran out.
   */
  readonly result: 'Proved' | 'Deviating' | 'Unread'
  /** The first of the deviations, at most 20. There may be more. */
  readonly first?: readonly SyncGroupStatusVerifiedFirst[]
}

/** One deviation. */
export interface SyncGroupStatusVerifiedFirst {
  /** The item, by the id of its link. Absent when it is about a whole replica. */
  readonly link?: string
  /** The replica with the deviation, hub, or a member's mailbox or public folder. */
  readonly replica: string
  /**
   * Differs when the copy differs from the agreed content, Missing when it does not exist, Behind
   * when it has content that was agreed earlier, Extra when the folder contains an item that the
   * group does not know, Unread when it could not be read.
   */
  readonly kind: 'Differs' | 'Missing' | 'Behind' | 'Extra' | 'Unread'
  /** The fields that differ, by name, at most 20. */
  readonly fields?: readonly string[]
  /** The time of the change by the server's clock, if it is known. */
  readonly since?: string
}

/**
 * A SyncPlan asks the controller for the effects of a pass of a proposed SyncGroup. The controller
 * answers in the status, once, and writes nothing else; it deletes the SyncPlan after its time to
 * live.
 */
export interface SyncPlan {
  /** The version of this schema, exchangesync.dev/v1alpha1. */
  readonly apiVersion: 'exchangesync.dev/v1alpha1'
  /** The kind of this resource, SyncPlan. */
  readonly kind: 'SyncPlan'
  /** Standard metadata. */
  readonly metadata: V1ObjectMeta
  readonly spec: SyncPlanSpec
  readonly status?: SyncPlanStatus
}

/** The question. It cannot be changed. */
export interface SyncPlanSpec {
  /** How long after it was planned the controller deletes it, as a Go duration from 1s to 24h. */
  readonly ttl: string
  readonly syncGroup: SyncPlanSyncGroup
}

/** The proposed SyncGroup, in the namespace of the SyncPlan. */
export interface SyncPlanSyncGroup {
  /**
   * The name of the proposed group. If a group of this name exists, the plan is about the change of
   * it.
   */
  readonly name: string
  /** The desired state. */
  readonly spec: SyncGroupSpec
}

/** The answer. Written by the controller only. Never contains the content of items. */
export interface SyncPlanStatus {
  /** The generation of the spec that this status is about, -1 before the first look. */
  readonly observedGeneration?: number
  /**
   * Planned is present from the first look on. Reconciling and Stalled are present only while they
   * are true.
   */
  readonly conditions?: readonly SyncPlanStatusCondition[]
  /** When the plan was made, or refused. */
  readonly plannedAt?: string
  /** When the controller deletes the SyncPlan. */
  readonly expiresAt?: string
  readonly summary?: SyncPlanStatusSummary
}

/** One aspect of the resource's state. */
export interface SyncPlanStatusCondition {
  /** The aspect that the condition is about, in CamelCase. */
  readonly type: string
  /** Whether the condition is true. */
  readonly status: 'True' | 'False' | 'Unknown'
  /** Why, as one word in CamelCase for programs. */
  readonly reason: string
  /** Why, for people, and the next thing to do. */
  readonly message: string
  /** When the status changed last. */
  readonly lastTransitionTime: string
  /** The generation of the spec that the condition is about. */
  readonly observedGeneration?: number
}

/** The effects of a pass, in counts and names. Absent without a plan. */
export interface SyncPlanStatusSummary {
  /** Whether the proposed group is suspended, so that no pass would run. */
  readonly suspended?: boolean
  readonly totals: SyncPlanStatusSummaryTotals
  /**
   * The effects on each replica, at most 100. Those with changes come first when there are more.
   */
  readonly replicas: readonly SyncPlanStatusSummaryReplica[]
  /** Equal changes in one or more replicas, at most 20, the largest first. */
  readonly changes?: readonly SyncPlanStatusSummaryChange[]
  /** The replicas that cannot be read now, at most 20. */
  readonly problems?: readonly SyncPlanStatusSummaryProblem[]
  readonly guard?: SyncPlanStatusSummaryGuard
  /** The folders that would take part for the first time, at most 50. */
  readonly joins?: readonly string[]
  /** The folders that would no longer take part, and keep their copies, at most 50. */
  readonly forgets?: readonly string[]
  /** The folders that would no longer take part, and lose their copies, at most 50. */
  readonly leaving?: readonly SyncPlanStatusSummaryLeaving[]
  /** The members whose direction would change, at most 50. */
  readonly turns?: readonly SyncPlanStatusSummaryTurn[]
  readonly omitted?: SyncPlanStatusSummaryOmitted
}

/** The sum over all replicas. */
export interface SyncPlanStatusSummaryTotals {
  /** Copies to be created. */
  readonly create: number
  /** Copies to be updated. */
  readonly update: number
  /** Copies to be deleted. */
  readonly delete: number
  /** Contents that are kept in the bin before they are overwritten or deleted. */
  readonly keep: number
}

/** The effects on one replica. */
export interface SyncPlanStatusSummaryReplica {
  /** The replica, hub, or a member's mailbox or public folder. */
  readonly replica: string
  /** Copies to be created. */
  readonly create: number
  /** Copies to be updated. */
  readonly update: number
  /** Copies to be deleted. */
  readonly delete: number
  /** Contents that are kept in the bin before they are overwritten or deleted. */
  readonly keep: number
  /** The fields of its updates, at most 20, the most frequent first. */
  readonly fields?: readonly SyncPlanStatusSummaryReplicaField[]
}

/** A field and its count. */
export interface SyncPlanStatusSummaryReplicaField {
  /** The name of the field. */
  readonly name: string
  /** How often it occurs. */
  readonly count: number
}

/** The same change in one or more replicas. */
export interface SyncPlanStatusSummaryChange {
  /** The kind of the change. */
  readonly kind: 'create' | 'update' | 'delete' | 'keep'
  /** How many items it concerns. */
  readonly items: number
  /** The replicas, at most 20. */
  readonly replicas?: readonly string[]
  /** How many replicas it concerns. */
  readonly replicaCount: number
  /** The fields of an update, or those that are kept, at most 20. */
  readonly fields?: readonly SyncPlanStatusSummaryChangeField[]
  /** Why content is kept. */
  readonly reasons?: readonly SyncPlanStatusSummaryChangeReason[]
}

/** A field and its count. */
export interface SyncPlanStatusSummaryChangeField {
  /** The name of the field. */
  readonly name: string
  /** How often it occurs. */
  readonly count: number
}

/** A reason and its count. */
export interface SyncPlanStatusSummaryChangeReason {
  /** The name of the reason. */
  readonly name: string
  /** How often it occurs. */
  readonly count: number
}

/** The problem of one replica. */
export interface SyncPlanStatusSummaryProblem {
  /** The replica, hub, or a member's mailbox or public folder. */
  readonly replica: string
  /** The problem, as one word in CamelCase for programs. */
  readonly reason: string
  /** The problem, for people, and the next thing to do. */
  readonly message: string
}

/** The plan that the guard would block. Absent without one. */
export interface SyncPlanStatusSummaryGuard {
  /** The replicas that it would block, at most 20. */
  readonly refusals: readonly SyncPlanStatusSummaryGuardRefusal[]
}

/** One blocked replica, and the reason. */
export interface SyncPlanStatusSummaryGuardRefusal {
  /**
   * The replica that would cause it, hub, or a member's mailbox or public folder, or bin for
   * requested restores.
   */
  readonly replica: string
  /** The limit that it would exceed. */
  readonly reason: 'Deletions' | 'Publications' | 'Updates'
  /** How many it would cause, with what it caused within the window. */
  readonly count: number
  /** How many it may cause within the window. */
  readonly limit: number
  /** Whether it is above spec.allowed.guard of the ExchangeServer. */
  readonly above?: boolean
}

/** One folder that leaves. */
export interface SyncPlanStatusSummaryLeaving {
  /** The mailbox or the public folder. */
  readonly replica: string
  /** How many copies it has. */
  readonly copies: number
  /** How many of them would be removed. */
  readonly removes?: number
  /** Why none would be removed for now, as one word in CamelCase. */
  readonly waits?: string
}

/** One member with another direction. */
export interface SyncPlanStatusSummaryTurn {
  /** The mailbox or the public folder. */
  readonly replica: string
  /** The direction of the last pass. */
  readonly before: 'TwoWay' | 'OneWay'
  /** The proposed direction. */
  readonly now: 'TwoWay' | 'OneWay'
}

/** How many entries each list leaves out. Absent when all are complete. */
export interface SyncPlanStatusSummaryOmitted {
  /** Entries that replicas leaves out. */
  readonly replicas?: number
  /** Entries that changes leaves out. */
  readonly changes?: number
  /** Entries that problems leaves out. */
  readonly problems?: number
  /** Entries that refusals leaves out. */
  readonly refusals?: number
  /** Entries that joins leaves out. */
  readonly joins?: number
  /** Entries that forgets leaves out. */
  readonly forgets?: number
  /** Entries that leaving leaves out. */
  readonly leaving?: number
  /** Entries that turns leaves out. */
  readonly turns?: number
}
