{{/* demarc.registrations lists the names of the registrations that are wanted. */}}
{{- define "demarc.registrations" -}}
{{- list "demarc" | concat (ternary (list "demarc-managed") list .Values.registration.managed.enabled) | sortAlpha | toJson -}}
{{- end -}}

{{/* demarc.registration renders one of them, as the process compares it with the live one. The CA bundle belongs to demarc
or to cert-manager, and is not named here: who applies this must not take it away. Arguments: root, name. */}}
{{- define "demarc.registration" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $source := index ($root.Files.Get "files/registrations.yaml" | fromYaml) $name -}}
{{- $certificates := $root.Values.certificates -}}
{{- $webhooks := include "demarc.webhooks" . -}}
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
  annotations:
    # What this was rendered as. The copy that pods mount follows a minute later, and demarc tells by this that it is behind.
    demarc.dev/installed: {{ $webhooks | sha256sum | trunc 16 | quote }}
    # Argo CD makes it once the pods are ready, and takes it away before them.
    argocd.argoproj.io/sync-wave: "1"
    {{- if eq $certificates.source "certManager" }}
    cert-manager.io/inject-ca-from: {{ $root.Release.Namespace }}/demarc
    {{- end }}
    {{- with $source.metadata.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{ $webhooks }}
{{- end -}}

{{/* demarc.terms renders the terms of a namespace selector. In the form DoesNotExist every value of control-plane means that
a namespace is managed: the customers' registration gets the term of AKS's FAQ beside those that AKS adds today, so that
neither is missing, and the managed one the opposite, so that each namespace is still selected once. */}}
{{- define "demarc.terms" -}}
{{- $terms := .terms -}}
{{- if eq .form "DoesNotExist" -}}
  {{- if eq .name "demarc" -}}
    {{- $terms = append $terms (dict "key" "control-plane" "operator" "DoesNotExist") -}}
  {{- else -}}
    {{- $terms = list -}}
    {{- range .terms -}}
      {{- $other := dict "key" .key "operator" (ternary "DoesNotExist" "Exists" (eq .operator "NotIn")) -}}
      {{- $terms = append $terms (ternary $other . (eq .key "control-plane")) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toYaml $terms -}}
{{- end -}}

{{/* demarc.webhooks renders the webhooks of a registration. Arguments: root, name. */}}
{{- define "demarc.webhooks" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $source := index ($root.Files.Get "files/registrations.yaml" | fromYaml) $name -}}
{{- $values := ternary $root.Values.registration.managed $root.Values.registration.customers (eq $name "demarc-managed") -}}
{{- $certificates := $root.Values.certificates -}}
{{- $form := $root.Values.registration.selectorForm -}}
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
    {{- if and (eq $certificates.source "secret") $certificates.caBundle }}
    caBundle: {{ $certificates.caBundle | b64enc }}
    {{- end }}
  failurePolicy: {{ $values.failurePolicy }}
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ $values.timeoutSeconds }}
  objectSelector: {}
  namespaceSelector:
    matchExpressions:
    {{- include "demarc.terms" (dict "terms" $webhook.namespaceSelector.matchExpressions "form" $form "name" $name) | nindent 4 }}
    {{- if eq $name "demarc" }}
    # Our own pods must never wait for us.
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [{{ $root.Release.Namespace | quote }}]
    {{- end }}
  matchConditions:
  {{- toYaml (concat $webhook.matchConditions ($root.Values.registration.extraMatchConditions | default list)) | nindent 2 }}
  rules:
  {{- toYaml $webhook.rules | nindent 2 }}
{{- end }}
{{- end -}}
