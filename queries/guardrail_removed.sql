-- id: BR-E02
-- title: Guardrail removed
-- meaning: A guardrail of Bedrock, or the rule that enforces it, was deleted. A guardrail that was only weakened
--   is not seen here.
-- severity: high
-- attack: T1562.001
-- atlas: AML.T0054
-- window: any
-- needs: management
-- look-alikes: infrastructure as code, which is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM events e
WHERE e.event_source = 'bedrock.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0 AND e.event_name IN ('DeleteGuardrail', 'DeleteEnforcedGuardrailConfiguration')
