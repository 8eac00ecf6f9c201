{{/* The chart's name, or its override. */}}
{{- define "exsync.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of the objects. 47 leave room for the longest suffix, -leader-election. */}}
{{- define "exsync.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 47 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 47 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "exsync.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* The name of cluster-wide objects: releases of the same name in two namespaces must not share them. */}}
{{- define "exsync.clusterName" -}}
{{- printf "%s-%s" (include "exsync.namespace" .) (include "exsync.fullname" .) | trunc 120 | trimSuffix "-" }}
{{- end }}

{{- define "exsync.selectorLabels" -}}
app.kubernetes.io/name: {{ include "exsync.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Our own labels win over commonLabels, because selectors must find them. */}}
{{- define "exsync.labels" -}}
{{- $standard := dict
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/component" "controller"
  "app.kubernetes.io/part-of" "exchange-sync-controller"
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $selected := include "exsync.selectorLabels" . | fromYaml }}
{{- merge (dict) $selected $standard .Values.commonLabels | toYaml }}
{{- end }}

{{- define "exsync.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "exsync.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "exsync.leaseName" -}}
{{- default (include "exsync.fullname" .) .Values.leaderElection.resourceName }}
{{- end }}

{{- define "exsync.claimName" -}}
{{- default (printf "%s-state" (include "exsync.fullname" .)) .Values.state.persistence.existingClaim }}
{{- end }}

{{- define "exsync.metricsName" -}}
{{- printf "%s-metrics" (include "exsync.fullname" .) }}
{{- end }}

{{- define "exsync.image" -}}
{{- with .Values.image }}
{{- with .registry }}{{ trimSuffix "/" . }}/{{ end }}
{{- .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* The rules that the controller needs in the watched namespaces. */}}
{{- define "exsync.rules" -}}
# Patch sets and removes the finalizer; nothing else of a spec is written.
- apiGroups: [exchangesync.dev]
  resources: [syncgroups]
  verbs: [get, list, watch, patch]
- apiGroups: [exchangesync.dev]
  resources: [exchangeservers]
  verbs: [get, list, watch]
# An answered SyncPlan is deleted after its time to live.
- apiGroups: [exchangesync.dev]
  resources: [syncplans]
  verbs: [get, list, watch, delete]
- apiGroups: [exchangesync.dev]
  resources: [syncgroups/status, exchangeservers/status, syncplans/status]
  verbs: [patch]
# Each Secret that a resource refers to is watched by its name. RBAC knows no labels: without names all of them may be read.
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secretNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if not .Values.watchNamespaces }}
# For an ExchangeServer that takes groups by the labels of their namespace.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
{{- end }}
{{- end }}

{{/* A duration of whole seconds or minutes, in seconds. */}}
{{- define "exsync.seconds" -}}
{{- if hasSuffix "m" . }}{{ mul 60 (trimSuffix "m" . | int) }}{{ else }}{{ trimSuffix "s" . | int }}{{ end }}
{{- end }}

{{/* Rejects values that contradict each other, which the schema cannot express. */}}
{{- define "exsync.check" -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (include "exsync.seconds" .Values.controller.gracefulShutdownTimeout | int) }}
{{- fail (printf "terminationGracePeriodSeconds (%v) must be longer than controller.gracefulShutdownTimeout (%s): the pod would be killed in the middle of a pass" .Values.terminationGracePeriodSeconds .Values.controller.gracefulShutdownTimeout) }}
{{- end }}
{{- with .Values.leaderElection }}
{{- $lease := include "exsync.seconds" .leaseDuration | int }}
{{- $renew := include "exsync.seconds" .renewDeadline | int }}
{{- $retry := include "exsync.seconds" .retryPeriod | int }}
{{- if or (ge $renew $lease) (ge (mul 6 $retry) (mul 5 $renew)) }}
{{- fail (printf "leaderElection: retryPeriod (%s) < renewDeadline (%s) < leaseDuration (%s) must hold: a leader stops before another one begins" .retryPeriod .renewDeadline .leaseDuration) }}
{{- end }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) }}
{{- fail "metrics.serviceMonitor.enabled needs metrics.service.enabled: the monitor selects the Service" }}
{{- end }}
{{- with .Values.notify }}
{{- if and .url .secretRef.urlKey }}
{{- fail "notify.url and notify.secretRef.urlKey exclude each other: set one of them" }}
{{- end }}
{{- if and (or .url .secretRef.urlKey) (not .secretRef.name) }}
{{- fail "notify.url and notify.secretRef.urlKey need notify.secretRef.name: the Secret with the key that signs the events" }}
{{- end }}
{{- if and .secretRef.name (not (or .url .secretRef.urlKey)) }}
{{- fail "notify.secretRef.name needs notify.url or notify.secretRef.urlKey" }}
{{- end }}
{{- end }}
{{- if eq (int .Values.ports.metrics) (int .Values.ports.health) }}
{{- fail "ports.metrics and ports.health must differ" }}
{{- end }}
{{- end }}
