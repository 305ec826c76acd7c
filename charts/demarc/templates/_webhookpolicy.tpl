{{/* What the policies about webhook configurations have in common. The facts about AKS come from files/provider.yaml. */}}

{{/* demarc.webhookPolicyMatch is whose configurations are judged, and in which requests. */}}
{{- define "demarc.webhookPolicyMatch" -}}
{{- $facts := .Files.Get "files/provider.yaml" | fromYaml -}}
{{- $own := list -}}
{{- range $facts.webhookConfiguration.labels -}}
  {{- $own = append $own (ternary (printf "l[?%q].orValue(\"\") == %q" .key .value) (printf "%q in l" .key) (ne .value "")) -}}
{{- end -}}
# If it can't be evaluated it stops nobody.
failurePolicy: Ignore
matchConstraints:
  matchPolicy: Equivalent
  resourceRules:
    - apiGroups: [admissionregistration.k8s.io]
      apiVersions: [v1]
      resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
      operations: [CREATE, UPDATE]
matchConditions:
  - name: not-ours-nor-the-providers
    expression: >-
      !(object.metadata.name in {{ concat (list "demarc" "demarc-managed") $facts.webhookConfiguration.names | toJson }}) &&
      ![object.metadata.?labels.orValue({})].exists(l, {{ join " || " $own }})
  - name: not-the-provider
    expression: >-
      !(request.userInfo.?username.orValue("") in {{ $facts.users | toJson }})
{{- end -}}

{{/* demarc.webhookPolicyVariables are what the validations lean on. An update is judged by what it changes: `before` are the
webhooks of the old object, empty on CREATE. */}}
{{- define "demarc.webhookPolicyVariables" -}}
{{- $mark := (.Files.Get "files/provider.yaml" | fromYaml).optOut -}}
- name: webhooks
  expression: object.?webhooks.orValue([])
- name: before
  expression: >-
    request.operation == "UPDATE" ? oldObject.?webhooks.orValue([]) : []
- name: optedOut
  expression: >-
    [object.metadata.?labels, object.metadata.?annotations].exists(m, m[?{{ $mark.key | quote }}].orValue("") == {{ $mark.value | quote }})
- name: wasOptedOut
  expression: >-
    request.operation == "UPDATE" &&
    [oldObject.metadata.?labels, oldObject.metadata.?annotations].exists(m, m[?{{ $mark.key | quote }}].orValue("") == {{ $mark.value | quote }})
{{- end -}}

{{/* demarc.webhookPolicyTerms is whether the selector of a webhook `w` has every term that AKS's enforcer wants. */}}
{{- define "demarc.webhookPolicyTerms" -}}
{{- $terms := list -}}
{{- range (.Files.Get "files/provider.yaml" | fromYaml).terms -}}
  {{- $terms = append $terms (printf "w.?namespaceSelector.?matchExpressions.orValue([]).exists(e, e.key == %q && e.operator == %q && e.?values.orValue([]) == %s)" .key .operator (.values | default list | toJson)) -}}
{{- end -}}
{{ join " && " $terms }}
{{- end -}}

{{/* demarc.webhookPolicyTermsInWords is the same terms as people write them. */}}
{{- define "demarc.webhookPolicyTermsInWords" -}}
{{- $words := list -}}
{{- range (.Files.Get "files/provider.yaml" | fromYaml).terms -}}
  {{- $words = append $words (printf "%s %s %s" .key .operator (.values | default list | toJson | replace "\"" "'")) -}}
{{- end -}}
{{ join " and " $words }}
{{- end -}}

{{/* demarc.webhookPolicyNames names the webhooks of a list, in CEL: the first, cut where it is long, and how many more. */}}
{{- define "demarc.webhookPolicyNames" -}}
(variables.{{ . }}[0].size() > 60 ? variables.{{ . }}[0].substring(0, 57) + "..." : variables.{{ . }}[0]) +
(variables.{{ . }}.size() > 1 ? " and " + string(variables.{{ . }}.size() - 1) + " more" : "")
{{- end -}}
