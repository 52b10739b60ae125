{{/* What every pod has of the site: its authorities, its proxy, its variables, its nodes. */}}

{{/* Variables that name the authorities' file, for each client that reads one: OpenSSL, requests, curl, boto3, MLflow, libpq. */}}
{{- define "earlybell.trusting" -}}
SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE AWS_CA_BUNDLE MLFLOW_TRACKING_SERVER_CERT_PATH PGSSLROOTCERT
{{- end }}

{{/* Variables of a container, as a list; those of `env` win over those of `trust` and `proxy`. */}}
{{- define "earlybell.env" -}}
{{- $env := dict -}}
{{- $proxy := .Values.proxy -}}
{{- if include "earlybell.trusts" . -}}
{{- range splitList " " (include "earlybell.trusting" .) -}}
{{- $_ := set $env . (dict "value" (printf "/etc/earlybell/trust/%s" $.Values.trust.key)) -}}
{{- end -}}
{{- end -}}
{{- if include "earlybell.proxied" . -}}
{{- $direct := list "localhost" "127.0.0.1" "::1" ".svc" ".cluster.local" (print "." .Values.networkPolicies.pipelines) "$(KUBERNETES_SERVICE_HOST)" -}}
{{- $given := dict "NO_PROXY" (dict "value" (concat $direct $proxy.noProxy | join ",")) -}}
{{- range $name, $address := dict "HTTP_PROXY" $proxy.http "HTTPS_PROXY" $proxy.https -}}
{{- if $proxy.secret -}}
{{- $_ := set $given $name (dict "valueFrom" (dict "secretKeyRef" (dict "name" $proxy.secret "key" $name "optional" true))) -}}
{{- else if $address -}}
{{- $_ := set $given $name (dict "value" $address) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $given -}}
{{- $_ := set $env $name $value -}}
{{- $_ := set $env (lower $name) $value -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- $_ := set $env $name (dict "value" $value) -}}
{{- end -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  {{- toYaml $value | nindent 2 }}
{{- end }}
{{- end }}

{{/* "true" where the site has authorities of its own. */}}
{{- define "earlybell.trusts" -}}
{{- if or .Values.trust.configMap .Values.trust.secret }}true{{ end -}}
{{- end }}

{{/* "true" where the site has a proxy. */}}
{{- define "earlybell.proxied" -}}
{{- if or .Values.proxy.http .Values.proxy.https .Values.proxy.secret }}true{{ end -}}
{{- end }}

{{/* Where the authorities are mounted, in a list of mounts. */}}
{{- define "earlybell.trustMount" -}}
{{- if include "earlybell.trusts" . }}
- name: trust
  mountPath: /etc/earlybell/trust
  readOnly: true
{{- end }}
{{- end }}

{{/* Their volume, in a list of volumes. */}}
{{- define "earlybell.trustVolume" -}}
{{- if include "earlybell.trusts" . }}
- name: trust
  {{- if .Values.trust.configMap }}
  configMap:
    name: {{ .Values.trust.configMap }}
  {{- else }}
  secret:
    secretName: {{ .Values.trust.secret }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Which nodes a pod goes to; KServe takes these of a ServingRuntime. */}}
{{- define "earlybell.nodes" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $.Values.scheduling $key }}
{{ $key }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The same of a pod that the chart makes itself, and its classes. */}}
{{- define "earlybell.scheduling" -}}
{{- include "earlybell.nodes" . }}
{{- range $key := list "priorityClassName" "runtimeClassName" }}
{{- with index $.Values.scheduling $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Refuses values that contradict each other, or the chart. */}}
{{- define "earlybell.check" -}}
{{- $policies := .Values.networkPolicies -}}
{{- if and .Values.trust.configMap .Values.trust.secret -}}
{{- fail "trust.configMap and trust.secret are both given: leave one empty" -}}
{{- end -}}
{{- if and .Values.proxy.secret (or .Values.proxy.http .Values.proxy.https) -}}
{{- fail "proxy.secret and an address of proxy.http or proxy.https are both given: leave one way empty" -}}
{{- end -}}
{{- range list "http" "https" -}}
{{- if regexMatch "^[^/]*//[^/]*@" (index $.Values.proxy .) -}}
{{- fail (printf "proxy.%s holds a user or a password: put the whole address into a Secret under %s_PROXY, and name that by proxy.secret" . (upper .)) -}}
{{- end -}}
{{- end -}}
{{- if and (include "earlybell.proxied" .) $policies.enabled (not $policies.proxy) -}}
{{- fail "a proxy is given, and no policy lets a pod reach it: name where it is by networkPolicies.proxy, as [{to: [{ipBlock: {cidr: 10.1.2.3/32}}], ports: [3128]}]" -}}
{{- end -}}
{{- if and .Values.mlbackend.enabled .Values.mlbackend.hostname (not .Values.gateway.create) -}}
{{- fail "mlbackend.hostname is given without gateway.create: make the Gateway, or lead a host of your own ingress to the Service earlybell-mlbackend" -}}
{{- end -}}
{{- if and .Values.mlbackend.enabled .Values.mlbackend.hostname (eq .Values.mlbackend.hostname .Values.gateway.hostname) -}}
{{- fail "mlbackend.hostname is the model's own (gateway.hostname): Moodle takes no path before its own, so give it another" -}}
{{- end -}}
{{- if and .Values.sync.enabled $policies.enabled (not $policies.sources) -}}
{{- fail "sync.enabled is true, and no policy lets it reach Moodle's database: name where that is by networkPolicies.sources, as [{to: [{ipBlock: {cidr: 10.1.2.3/32}}], ports: [5432]}]" -}}
{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- if regexMatch "^(HOME|PGPASSWORD|EARLYBELL_(HOME|MOODLE.*|TRAIL.*|MODEL_VERSION|PUSHGATEWAY|STORE_BUCKET|PSEUDONYM_KEY)|MLFLOW_(TRACKING_URI|S3_ENDPOINT_URL)|AWS_(DEFAULT_REGION|ENDPOINT_URL)|AZURE_STORAGE_ACCOUNT)$" $name -}}
{{- fail (printf "env.%s is the chart's own: set the value that it is made of (trail, mlflow, store, pushgateway)" $name) -}}
{{- end -}}
{{- if regexMatch "(?i)password|passwd|secret|token|credential|connection_string|_key(_id)?$" $name -}}
{{- fail (printf "env.%s looks like a secret, which everyone who sees a pod could read: put it into the Secret of its service" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Annotations by which KServe's storage initializer trusts the site's authorities at an S3 store: of a Secret or of an account. */}}
{{- define "earlybell.storeTrust" -}}
{{- if and .Values.trust.configMap (eq .Values.store.kind "s3") -}}
serving.kserve.io/s3-cabundle-configmap: {{ .Values.trust.configMap }}
serving.kserve.io/s3-cabundle: /etc/earlybell/trust/{{ .Values.trust.key }}
{{- end -}}
{{- end }}
