{{/* demarc.checks refuses what the schema can't judge, or judges without saying why. What it reads of the cluster decides only
whether to go on, never what is rendered: Git and `helm template` give the same as an installation. */}}
{{- define "demarc.checks" -}}
{{- if eq .Release.Namespace "kube-system" -}}
  {{- fail "demarc: the release's namespace is kube-system, which belongs to AKS: install into one of your own, such as demarc-system" -}}
{{- end -}}
{{- if ne .Values.registration.managed.failurePolicy "Ignore" -}}
  {{- fail "demarc: registration.managed.failurePolicy must be Ignore: a webhook that fails closed over kube-system can block the very pods that the cluster needs to reach the webhook, and then the cluster never comes back by itself" -}}
{{- end -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) -}}
  {{- fail "demarc: image.tag must not be latest: nobody could tell what runs or roll back to it, and AKS's Deployment Safeguards refuse it" -}}
{{- end -}}
{{- include "demarc.checkConditions" . -}}
{{- if eq .Values.registration.customers.failurePolicy "Fail" -}}
  {{- include "demarc.checkFail" . -}}
{{- end -}}
{{- end -}}

{{/* Server-side apply knows match conditions by their names. */}}
{{- define "demarc.checkConditions" -}}
{{- $taken := list -}}
{{- range (index (.Files.Get "files/registrations.yaml" | fromYaml) "demarc").webhooks -}}
  {{- range .matchConditions -}}{{- $taken = append $taken .name -}}{{- end -}}
{{- end -}}
{{- range .Values.registration.extraMatchConditions -}}
  {{- if has .name $taken -}}
    {{- fail (printf "demarc: registration.extraMatchConditions: the name %s is taken" .name) -}}
  {{- end -}}
  {{- $taken = append $taken .name -}}
{{- end -}}
{{- end -}}

{{/* Failing closed is only ever switched on over pods that answer with a certificate that is trusted. Once it is on, nothing
stands in the way of an upgrade that may mend what is broken, unless it would change whom the API server has to trust. */}}
{{- define "demarc.checkFail" -}}
{{- $see := "Set it to Ignore, upgrade, and set it to Fail once the pods are ready." -}}
{{- if lt (int .Values.replicas) 2 -}}
  {{- fail "demarc: registration.customers.failurePolicy is Fail, and replicas is 1: every restart of the one pod would hold up every writer" -}}
{{- end -}}
{{- if lookup "v1" "Namespace" "" "kube-system" -}}
  {{- $deployment := lookup "apps/v1" "Deployment" .Release.Namespace "demarc" -}}
  {{- $failing := false -}}
  {{- $trusted := false -}}
  {{- range (lookup "admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" "demarc").webhooks -}}
    {{- $failing = eq .failurePolicy "Fail" -}}
    {{- $trusted = hasKey .clientConfig "caBundle" -}}
  {{- end -}}
  {{- if not $failing -}}
    {{- if lt (int (dig "status" "readyReplicas" 0 $deployment)) 1 -}}
      {{- fail (printf "demarc: registration.customers.failurePolicy is Fail, and no pod is ready in %s: the API server would refuse your users' requests until one is. %s" .Release.Namespace $see) -}}
    {{- end -}}
    {{- if not (or $trusted (eq .Values.certificates.source "secret")) -}}
      {{- fail (printf "demarc: registration.customers.failurePolicy is Fail, and the registration holds no CA bundle yet: the API server would refuse your users' requests until it does. %s" $see) -}}
    {{- end -}}
  {{- end -}}
  {{- $live := dig "metadata" "annotations" "demarc.dev/certificates" "" $deployment -}}
  {{- if and $live (ne $live (include "demarc.certificates" .)) -}}
    {{- fail (printf "demarc: registration.customers.failurePolicy is Fail, and the certificates would change from %s to %s: the API server would trust some pods and not others. %s" $live (include "demarc.certificates" .) $see) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* demarc.certificates says in a word where the certificates come from. */}}
{{- define "demarc.certificates" -}}
{{ .Values.certificates.source }}/{{ .Values.certificates.secretName }}
{{- end -}}
