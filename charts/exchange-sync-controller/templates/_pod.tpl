{{/* The longer parts of the pod of the controller. */}}

{{/* The arguments. Every port and limit is given, even if it is the program's default, so that the pod shows all settings. Values
that version 0.1.0 did not have are missing after helm upgrade --reuse-values: then the program's default holds. */}}
{{- define "exsync.args" -}}
- run
- --state=/var/lib/exsync
- --log-level={{ .Values.controller.logLevel }}
- --metrics-bind-address=:{{ .Values.ports.metrics }}
- --health-probe-bind-address=:{{ .Values.ports.health }}
{{- range .Values.watchNamespaces }}
- --watch-namespace={{ . }}
{{- end }}
{{- with .Values.controller }}
{{- if .allowCrossNamespaceRefs }}
- --allow-cross-namespace-refs
{{- end }}
{{- with .allowedServerHosts }}
- {{ printf "--allowed-server-hosts=%s" (join "," .) | quote }}
{{- end }}
{{- if .allowLoopbackHttp }}
- --allow-loopback-http
{{- end }}
{{- if .allowUnlabelledCredentials }}
- --allow-unlabelled-credentials
{{- end }}
{{- end }}
{{- with .Values.leaderElection }}
{{- if .enabled }}
- --leader-elect
- --leader-elect-resource-name={{ include "exsync.leaseName" $ }}
- --leader-elect-resource-namespace={{ include "exsync.namespace" $ }}
- --leader-elect-lease-duration={{ .leaseDuration }}
- --leader-elect-renew-deadline={{ .renewDeadline }}
- --leader-elect-retry-period={{ .retryPeriod }}
{{- else }}
- --no-leader-elect
{{- end }}
{{- end }}
{{- with .Values.controller }}
- --concurrent={{ .concurrent }}
- --interval-jitter-percentage={{ .intervalJitterPercentage }}
- --graceful-shutdown-timeout={{ .gracefulShutdownTimeout }}
- --audit-interval={{ .auditInterval }}
- --bin-retention={{ .binRetention }}
{{- with .historyRetention }}
- --history-retention={{ . }}
{{- end }}
- --bin-limit={{ .binLimit }}
{{- with .maxContactSize }}
- --max-contact-size={{ . }}
{{- end }}
{{- with .maxRequestTimeout }}
- --max-request-timeout={{ . }}
{{- end }}
{{- with .maxPassTimeout }}
- --max-pass-timeout={{ . }}
{{- end }}
{{- with .maxMembers }}
- --max-members={{ . }}
{{- end }}
{{- end }}
{{- if .Values.state.keySecret.name }}
- --key-file=/etc/exsync/key/key
{{- end }}
{{- with .Values.notify }}
{{- if .url }}
- {{ printf "--notify-url=%s" .url | quote }}
{{- end }}
{{- if .secretRef.name }}
- --notify-secret-file=/etc/exsync/notify/secret
{{- end }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* The environment. A command in the pod, as by `kubectl exsync`, takes the state and the controller's flags from it. */}}
{{- define "exsync.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: EXSYNC_STATE
  value: /var/lib/exsync
- name: EXSYNC_FLAGS
  value: {{ include "exsync.args" . | fromYamlArray | rest | toJson | quote }}
{{- if .Values.state.keySecret.name }}
- name: EXSYNC_KEY_FILE
  value: /etc/exsync/key/key
{{- end }}
{{- with .Values.notify.secretRef }}
{{- if .urlKey }}
- name: EXSYNC_NOTIFY_URL
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .urlKey }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The placement and the name resolution of the pod. */}}
{{- define "exsync.placement" -}}
nodeSelector:
  {{- merge (dict) .Values.nodeSelector (dict "kubernetes.io/os" "linux") | toYaml | nindent 2 }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $constraint := deepCopy . }}
  {{- if not .labelSelector }}
  {{- $_ := set $constraint "labelSelector" (dict "matchLabels" (include "exsync.selectorLabels" $ | fromYaml)) }}
  {{- end }}
  - {{ toYaml $constraint | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
