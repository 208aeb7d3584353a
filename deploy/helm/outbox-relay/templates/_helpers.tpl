{{- define "outbox-relay.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "outbox-relay.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "outbox-relay.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "outbox-relay.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.selectorLabels" -}}
app.kubernetes.io/name: {{ include "outbox-relay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "outbox-relay.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "outbox-relay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "outbox-relay.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* Where the passwords are mounted. */ -}}
{{- define "outbox-relay.secretsDirectory" -}}/run/secrets/outbox-relay{{- end -}}

{{- /* The configuration file: `config`, and what follows from other values. */ -}}
{{- define "outbox-relay.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $directory := include "outbox-relay.secretsDirectory" . -}}
{{- $postgres := get $config "postgres" -}}
{{- $kafka := get $config "kafka" -}}
{{- $_ := set $config "http" (dict "listen" (printf "%s:%d" .Values.listenAddress (int .Values.port))) -}}
{{- if .Values.secrets.postgresPassword.name -}}
{{- $_ := set $postgres "password_file" (printf "%s/postgres-password" $directory) -}}
{{- end -}}
{{- if .Values.secrets.kafkaSaslPassword.name -}}
{{- $_ := set $kafka "sasl_password_file" (printf "%s/kafka-sasl-password" $directory) -}}
{{- end -}}
{{- if .Values.secrets.kafkaSslKeyPassword.name -}}
{{- $_ := set $kafka "ssl_key_password_file" (printf "%s/kafka-ssl-key-password" $directory) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* The relay reads its configuration at the start: an annotation with this makes a new one start new pods. */ -}}
{{- define "outbox-relay.checksum" -}}
{{- include "outbox-relay.config" . | sha256sum -}}
{{- end -}}

{{- /* `drain_timeout` in whole seconds, and ten for what comes before and after: Kubernetes kills when they are over. */ -}}
{{- define "outbox-relay.gracePeriodSeconds" -}}
{{- $drain := toString (default "20s" .Values.config.drain_timeout) -}}
{{- $number := regexFind "^[0-9]+" $drain | int -}}
{{- $unit := regexFind "[a-z]+$" $drain -}}
{{- $milliseconds := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- if not (hasKey $milliseconds $unit) -}}
{{- fail (printf "config.drain_timeout: `%s` is not a number with a unit (ms, s, m, h, d)" $drain) -}}
{{- end -}}
{{- add 10 (div (add 999 (mul $number (get $milliseconds $unit))) 1000) -}}
{{- end -}}
