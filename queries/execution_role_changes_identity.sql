-- id: SM-P12
-- title: SageMaker role changes identities
-- meaning: A session of a notebook or Studio (session name SageMaker) makes users, keys, roles or policies.
-- severity: high
-- attack: T1098 T1098.001 T1098.003
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: what services do in its name (invoked_by); reading of IAM
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a SageMaker session did ' || e.event_name || ' ' || e.resource_name AS why,
       e.source_ip
FROM events e
WHERE e.session_name = 'SageMaker' AND e.ok = 1 AND e.is_write = 1 AND e.invoked_by = '' AND e.event_source IN ('iam.amazonaws.com', 'organizations.amazonaws.com', 'sso.amazonaws.com')
