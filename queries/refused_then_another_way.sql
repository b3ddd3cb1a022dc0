-- id: SM-E16
-- title: Refused by a guardrail, then done another way
-- meaning: A change in SageMaker was refused by an explicit deny, and within an hour the same principal's same
--   call went through.
-- severity: high
-- attack: T1578.005
-- atlas: AML.T0012
-- window: 1 hour
-- needs: management
-- look-alikes: trying until it works, by somebody who means well; a refusal for a permission that is missing
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' went through after a refusal by an explicit deny' AS why,
       d.event_id AS denied_event_id, e.resource_name
FROM events e
JOIN events d ON d.actor_key = e.actor_key AND d.event_name = e.event_name
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND e.is_write = 1
  AND d.event_source = 'sagemaker.amazonaws.com' AND d.denied = 1 AND d.error_message LIKE '%explicit deny%'
  AND e.ts >= d.ts AND e.ts <= d.ts + 3600
