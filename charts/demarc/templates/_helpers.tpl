{{/* Names and labels. The release's name is part of none: the registrations are one per cluster, and so is demarc. */}}
{{- define "demarc.labels" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "demarc.selector" -}}
app.kubernetes.io/name: demarc
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
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

{{/* demarc.registration renders one configuration as the process compares it with the live one: everything but the CA
bundle. Arguments: root, name. */}}
{{- define "demarc.registration" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $source := index ($root.Files.Get "files/registrations.yaml" | fromYaml) $name -}}
{{- $values := ternary $root.Values.registration.managed $root.Values.registration.customers (eq $name "demarc-managed") -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: {{ $name }}
  labels:
    {{- include "demarc.labels" $root | nindent 4 }}
    app.kubernetes.io/component: admission
    {{- with omit $source.metadata.labels "app.kubernetes.io/name" "app.kubernetes.io/component" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $annotations := $source.metadata.annotations | default dict }}
  {{- if eq $root.Values.certificates.source "certManager" }}
  {{- $annotations = merge (dict "cert-manager.io/inject-ca-from" (printf "%s/demarc" $root.Release.Namespace)) $annotations }}
  {{- end }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
webhooks:
{{- range $webhook := $source.webhooks }}
- name: {{ $webhook.name }}
  admissionReviewVersions: [v1]
  clientConfig:
    service:
      namespace: {{ $root.Release.Namespace }}
      name: demarc
      path: {{ $webhook.clientConfig.service.path }}
      port: 443
    {{- if and (eq $root.Values.certificates.source "secret") $root.Values.certificates.caBundle }}
    caBundle: {{ $root.Values.certificates.caBundle | b64enc }}
    {{- end }}
  failurePolicy: {{ $values.failurePolicy }}
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ $values.timeoutSeconds }}
  objectSelector: {}
  namespaceSelector:
    matchExpressions:
    {{- range $term := $webhook.namespaceSelector.matchExpressions }}
    {{- if and (eq $root.Values.registration.selectorForm "DoesNotExist") (eq $term.key "control-plane") }}
    - key: control-plane
      operator: {{ ternary "DoesNotExist" "Exists" (eq $term.operator "NotIn") }}
    {{- else }}
    - {{ toYaml $term | nindent 6 | trim }}
    {{- end }}
    {{- end }}
    {{- if ne $name "demarc-managed" }}
    # Our own pods must never wait for us.
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [{{ $root.Release.Namespace }}]
    {{- end }}
  matchConditions:
  {{- toYaml (concat $webhook.matchConditions $root.Values.registration.extraMatchConditions) | nindent 2 }}
  rules:
  {{- toYaml $webhook.rules | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "demarc.registrations" -}}
{{- $names := list "demarc" -}}
{{- if .Values.registration.managed.enabled -}}
{{- $names = append $names "demarc-managed" -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}

{{/* demarc.memoryLimit is 85 % of the memory limit, as the Go runtime spells it. */}}
{{- define "demarc.memoryLimit" -}}
{{- $limit := .Values.resources.limits.memory | toString -}}
{{- if hasSuffix "Gi" $limit -}}
{{ mulf (trimSuffix "Gi" $limit | float64) 870 | int }}MiB
{{- else -}}
{{ mulf (trimSuffix "Mi" $limit | float64) 0.85 | int }}MiB
{{- end -}}
{{- end -}}

{{/* demarc.providerWebhooks names webhook configurations of AKS's own, in CEL. Source: the names that AKS clusters were
seen to carry; new ones are known by their label. */}}
{{- define "demarc.providerWebhooks" -}}
"aks-node-validating-webhook", "aks-node-mutating-webhook", "aks-webhook-admission-controller", "aks-namespace-validating-webhook", "azure-service-mesh-ccp-validating-webhook"
{{- end -}}
