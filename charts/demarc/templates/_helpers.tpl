{{/* Names and labels. The release's name is part of no name: the registrations are one per cluster, and so is demarc. */}}
{{- define "demarc.labels" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "demarc.selector" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "demarc.enforcerSelector" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: enforcer
{{- end -}}

{{- define "demarc.auditorSelector" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: auditor
{{- end -}}

{{- define "demarc.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* demarc.priority is for the pods that others wait for. */}}
{{- define "demarc.priority" -}}
{{- with .Values.priorityClassName -}}
priorityClassName: {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* demarc.pod is what all pods have in common. */}}
{{- define "demarc.pod" -}}
enableServiceLinks: false
automountServiceAccountToken: true
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* demarc.container is the same for their containers. */}}
{{- define "demarc.container" -}}
image: {{ include "demarc.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* demarc.resources renders requests and limits, and nothing where there are none. */}}
{{- define "demarc.resources" -}}
{{- with . -}}
resources:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* demarc.memory tells the Go runtime of the limit in requests and limits, if there is one. */}}
{{- define "demarc.memory" -}}
{{- with dig "limits" "memory" "" (. | default dict) -}}
- name: GOMEMLIMIT
  value: {{ include "demarc.memoryLimit" . | quote }}
{{- end -}}
{{- end -}}

{{/* demarc.mode spells a mode: YAML reads a bare Off as false. */}}
{{- define "demarc.mode" -}}
{{- kindIs "bool" . | ternary "Off" . | quote -}}
{{- end -}}

{{/* demarc.memoryLimit is 80 % of a memory limit, in bytes. The unit is whatever stands after the number; an E is a unit
unless digits follow. */}}
{{- define "demarc.memoryLimit" -}}
{{- $limit := toString . -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?" $limit -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 -}}
{{- mulf (float64 $number) (get $units (trimPrefix $number $limit)) 0.8 | floor | int64 -}}
{{- end -}}

{{/* demarc.reportNames are the names that the auditor's reports can have. */}}
{{- define "demarc.reportNames" -}}
{{- $names := list -}}
{{- range $name := list "demarc" "demarc-cluster" -}}
  {{- $names = append $names $name -}}
  {{- range $part := untilStep 2 6 1 -}}{{- $names = append $names (printf "%s-%d" $name $part) -}}{{- end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}
