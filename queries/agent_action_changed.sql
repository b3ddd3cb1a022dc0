-- id: BR-A02
-- title: Action of an agent changed by hand
-- meaning: The actions of an agent, its runtime or a target of its gateway were made or changed, not by
--   infrastructure as code.
-- severity: medium
-- attack: T1546
-- atlas: AML.T0081 AML.T0103
-- window: any
-- needs: management
-- look-alikes: developers of agents; infrastructure as code is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM events e
WHERE e.is_ai = 1 AND e.ok = 1 AND e.is_iac = 0 AND e.event_name IN ('CreateAgentActionGroup', 'UpdateAgentActionGroup', 'UpdateAgentRuntime', 'CreateGatewayTarget', 'UpdateGatewayTarget')
