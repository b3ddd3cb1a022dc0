-- id: BR-C01
-- title: Secret drawn through the identity of agents by somebody new
-- meaning: An API key or token of an outside service was drawn through AgentCore by somebody who never drew
--   one.
-- severity: high
-- attack: T1528
-- atlas: AML.T0055
-- window: first seen against the baseline
-- needs: data AWS::BedrockAgentCore::WorkloadIdentity, baseline
-- look-alikes: the runtime of agents, in the baseline; listing of providers
WITH n AS (
  SELECT actor_key, ts, event_key
  FROM events
  WHERE event_source = 'bedrock-agentcore.amazonaws.com' AND ok = 1
    AND event_name IN ('GetResourceApiKey', 'GetResourceOauth2Token', 'GetWorkloadAccessToken', 'GetWorkloadAccessTokenForJWT', 'GetWorkloadAccessTokenForUserId')
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first ' || e.event_name AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'bedrock-agentcore.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('GetResourceApiKey', 'GetResourceOauth2Token', 'GetWorkloadAccessToken', 'GetWorkloadAccessTokenForJWT', 'GetWorkloadAccessTokenForUserId')
