{{- /* The container of both shapes but for its readiness, which the caller adds. */ -}}
{{- define "outbox-relay.container" -}}
name: outbox-relay
image: {{ include "outbox-relay.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, -c, /etc/outbox-relay/outbox-relay.yaml]
{{- with .Values.env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: relay-http
    containerPort: {{ .Values.port }}
    protocol: TCP
startupProbe:
  httpGet: {path: /livez, port: relay-http}
  {{- toYaml .Values.startupProbe | nindent 2 }}
livenessProbe:
  httpGet: {path: /livez, port: relay-http}
  {{- toYaml .Values.livenessProbe | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  # Directories, not single files: Kubernetes renews those, so that a password can be rotated.
  - name: outbox-relay-config
    mountPath: /etc/outbox-relay
    readOnly: true
  {{- if include "outbox-relay.secretSources" . }}
  - name: outbox-relay-secrets
    mountPath: {{ include "outbox-relay.secretsDirectory" . }}
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "outbox-relay.secretSources" -}}
{{- $files := dict "postgres-password" .Values.secrets.postgresPassword "kafka-sasl-password" .Values.secrets.kafkaSaslPassword "kafka-ssl-key-password" .Values.secrets.kafkaSslKeyPassword -}}
{{- range $file, $secret := $files }}
{{- if $secret.name }}
- secret:
    name: {{ $secret.name }}
    items: [{key: {{ $secret.key | quote }}, path: {{ $file }}}]
{{- end }}
{{- end }}
{{- end -}}

{{- define "outbox-relay.volumes" -}}
- name: outbox-relay-config
  configMap:
    name: {{ include "outbox-relay.fullname" . }}
{{- with include "outbox-relay.secretSources" . | trim }}
- name: outbox-relay-secrets
  projected:
    # For the container's user, who is not root; nobody else sees this volume.
    defaultMode: 0444
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /*
For a pod of yours; the example beside this chart shows how to include it.

No readiness probe, on purpose. A pod is ready when all of its containers are, and /readyz fails when Kafka or the
database is away: with it, an outage of Kafka would take the application out of its Service, all replicas at once.
Rows wait in the table meanwhile; that is what an outbox is for. The alerts watch the relay, through its metrics.
Startup and liveness ask /livez, which is about the relay's own loops only.
*/ -}}
{{- define "outbox-relay.sidecar.container" -}}
- {{- include "outbox-relay.container" . | nindent 2 | trim | printf " %s" }}
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
{{- end -}}

{{- define "outbox-relay.sidecar.volumes" -}}
{{- include "outbox-relay.volumes" . -}}
{{- end -}}
