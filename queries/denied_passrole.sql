-- id: SM-P11
-- title: Refused to hand over a role
-- meaning: iam:PassRole was refused in a call of SageMaker. Three roles within an hour mean that somebody tries
--   them out: see the column roles.
-- severity: medium
-- attack: T1548.005
-- atlas: AML.T0012
-- window: 1 hour
-- needs: management
-- look-alikes: a new project whose permissions are not complete, by infrastructure as code, which is left out
WITH n AS (
  SELECT e.actor_key, CAST(FLOOR(e.ts / 3600) AS BIGINT) AS slot, COUNT(DISTINCT r.value) AS roles, MAX(e.ts) AS ts
  FROM events e JOIN refs r ON r.event_key = e.event_key
  WHERE r.kind = 'passed_role' AND e.event_source = 'sagemaker.amazonaws.com' AND e.denied = 1 AND e.is_iac = 0 AND e.error_message LIKE '%PassRole%'
  GROUP BY e.actor_key, CAST(FLOOR(e.ts / 3600) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'was refused iam:PassRole for ' || CAST(n.roles AS VARCHAR) || ' role(s) within the hour' AS why,
       n.roles
FROM n
JOIN events e ON e.actor_key = n.actor_key AND e.ts = n.ts
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.denied = 1 AND e.error_message LIKE '%PassRole%'
