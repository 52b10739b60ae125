{{/* Labels of every object; call with (list $ "component"). */}}
{{- define "earlybell.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
app.kubernetes.io/name: earlybell
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: earlybell
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{/* Labels of a pod, by which network policies find it; call with (list $ "component"). */}}
{{- define "earlybell.podLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: earlybell
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: earlybell
{{- with omit $root.Values.podLabels "app.kubernetes.io/name" "app.kubernetes.io/component" "app.kubernetes.io/part-of" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A map with what is added to it, each key once, where what is added wins; call with (list YAML MAP). */}}
{{- define "earlybell.once" -}}
{{- mergeOverwrite (fromYaml (index . 0)) (deepCopy (index . 1)) | toYaml -}}
{{- end }}

{{/* Tag of an image; call with (list $ "serving"). */}}
{{- define "earlybell.tag" -}}
{{- $root := index . 0 -}}
{{- (index $root.Values.images (index . 1)).tag | default $root.Chart.AppVersion -}}
{{- end }}

{{/* Image and pull policy of a container; call with (list $ "serving"). */}}
{{- define "earlybell.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
image: "{{ $image.repository }}:{{ include "earlybell.tag" . }}{{ with $image.digest }}@{{ . }}{{ end }}"
imagePullPolicy: {{ $image.pullPolicy }}
{{- end }}

{{/* What Kubernetes' profile `restricted` wants of a container, and a root file system that nothing writes to. */}}
{{- define "earlybell.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- include "earlybell.ids" (pick .Values.podSecurity "runAsUser" "runAsGroup") }}
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The same of a pod. */}}
{{- define "earlybell.podSecurityContext" -}}
runAsNonRoot: true
{{- include "earlybell.ids" (pick .Values.podSecurity "runAsUser" "runAsGroup" "fsGroup") }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Users and groups, but for those that are the cluster's choice. */}}
{{- define "earlybell.ids" -}}
{{- range $key, $id := . }}
{{- if $id }}
{{ $key }}: {{ int64 $id }}
{{- end }}
{{- end }}
{{- end }}

{{/* Peers of a NetworkPolicy: all pods of the namespaces with these names. */}}
{{- define "earlybell.namespaces" -}}
{{- range . }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end }}
{{- end }}

{{/* What chooses the model's pods, of every version. */}}
{{- define "earlybell.models" -}}
matchExpressions:
  - key: serving.kserve.io/inferenceservice
    operator: Exists
{{- end }}

{{/* TCP ports of a NetworkPolicy. */}}
{{- define "earlybell.ports" -}}
{{- range . }}
- protocol: TCP
  port: {{ . }}
{{- end }}
{{- end }}

{{/* Egress rules of a NetworkPolicy, of peers and ports. */}}
{{- define "earlybell.egress" -}}
{{- range . }}
- to: {{- toYaml .to | nindent 4 }}
  ports: {{- include "earlybell.ports" .ports | trim | nindent 4 }}
{{- end }}
{{- end }}

{{/* Egress rules to the API server: those that the values name, else to what the cluster says, before and after its Service.
     Named after the value, as helm says where it was when it may not look. */}}
{{- define "earlybell.networkPolicies.apiServer" -}}
{{- $rules := .Values.networkPolicies.apiServer -}}
{{- if not $rules -}}
{{- $service := lookup "v1" "Service" "default" "kubernetes" -}}
{{- $slice := lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" -}}
{{- if and $service $slice -}}
{{- $addresses := list -}}
{{- range $slice.endpoints }}{{ $addresses = concat $addresses .addresses }}{{ end -}}
{{- range list (list $service.spec.clusterIPs $service.spec.ports) (list $addresses $slice.ports) -}}
{{- $peers := list -}}
{{- range index . 0 -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" (printf "%s/%s" . (ternary "128" "32" (contains ":" .))))) -}}
{{- end -}}
{{- $ports := list -}}
{{- range index . 1 }}{{ $ports = append $ports (int .port) }}{{ end -}}
{{- $rules = append $rules (dict "to" $peers "ports" $ports) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $rules -}}
{{- fail "networkPolicies.apiServer names nothing, and helm cannot look into a cluster here (helm template, GitOps): name the addresses that `kubectl get service,endpointslice kubernetes -n default` shows, as [{to: [{ipBlock: {cidr: 10.96.0.1/32}}], ports: [443]}], or any HTTPS server by the cidr 0.0.0.0/0 and ::/0" -}}
{{- end -}}
{{- include "earlybell.egress" $rules -}}
{{- end }}

{{/* An address that goes into a ConfigMap: refused with a password in it, which is not shown. Call with (list value "name"). */}}
{{- define "earlybell.address" -}}
{{- if regexMatch "(?i)^[a-z0-9+.-]+://[^/@]*:.*@|[?&](ssl)?password=" (index . 0) -}}
{{- fail (printf "%s holds a password. Put it into the Secret beside it, and name the role or nobody here." (index . 1)) -}}
{{- end -}}
{{- index . 0 | quote -}}
{{- end }}

{{/* The name of the ServingRuntime: the image's tag, and a suffix where the same image runs with other settings. */}}
{{- define "earlybell.runtime" -}}
{{- $tag := include "earlybell.tag" (list . "serving") -}}
{{- printf "earlybell-%s%s" $tag (ternary "" (print "-" .Values.serving.revision) (empty .Values.serving.revision)) -}}
{{- end }}

{{/* An annotation of what a model needs to start again and to be reached, so that it outlives an upgrade and the release. */}}
{{- define "earlybell.keep" -}}
{{- if .Values.serving.keep -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end }}

{{/* MiB of memory that a pod of the model needs at most: the formula of docs/reference/serving.md. */}}
{{- define "earlybell.servingMemory" -}}
{{- $workers := 1 -}}
{{- range .Values.serving.args -}}
{{- if hasPrefix "--max-inflight-mib" . -}}
{{- fail "serving.args has --max-inflight-mib. Set serving.inFlight: the memory limit is made of it." -}}
{{- end -}}
{{- with regexFind "^--workers=[0-9]+$" . -}}{{- $workers = trimPrefix "--workers=" . | int -}}{{- end -}}
{{- end -}}
{{- $processes := ternary (add $workers 1) 1 (gt $workers 1) -}}
{{- add (mul 360 $processes) (mul $workers (add (mul 12 .Values.serving.inFlight) 64)) -}}
{{- end }}

{{/* MiB of a quantity of Kubernetes. */}}
{{- define "earlybell.mebibytes" -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "K" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "ki" 1024 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- divf (mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[A-Za-z]*$" .) | float64)) 1048576 -}}
{{- end }}

{{/* Resources of a pod of the model: its memory limit is what it needs, or more. */}}
{{- define "earlybell.servingResources" -}}
{{- $resources := deepCopy .Values.serving.resources -}}
{{- $needed := include "earlybell.servingMemory" . -}}
{{- with $resources.limits.memory -}}
{{- if lt (include "earlybell.mebibytes" . | float64) ($needed | float64) -}}
{{- fail (printf "serving.resources.limits.memory is %s, and serving.inFlight needs %sMi. Leave it out, or lower serving.inFlight and --max-body-mib." . $needed) -}}
{{- end -}}
{{- else -}}
{{- $_ := set $resources.limits "memory" (printf "%sMi" $needed) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end }}
