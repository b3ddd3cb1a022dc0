-- id: BR-P02
-- title: Role handed to an interpreter, which is then used
-- meaning: A code interpreter, runtime, browser or harness of AgentCore is made with a role that its maker
--   never handed over, and used within the hour: its code has the role.
-- severity: high
-- attack: T1548.005 T1059.009
-- atlas: AML.T0053
-- window: 1 hour; first seen against the baseline
-- needs: management, baseline
-- look-alikes: developers of agents, who hand the role over in the baseline; making one without using it
WITH n AS (
  SELECT a.actor_key, r.value AS role, a.ts, a.event_key
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source IN ('bedrock-agentcore.amazonaws.com', 'bedrock-agentcore-control.amazonaws.com') AND a.ok = 1 AND r.kind = 'passed_role'
    AND a.event_name IN ('CreateCodeInterpreter', 'CreateAgentRuntime', 'UpdateAgentRuntime', 'CreateBrowser', 'CreateHarness', 'UpdateHarness')
), f AS (
  SELECT actor_key, role, MIN(ts) AS first_ts FROM n GROUP BY actor_key, role
), u AS (
  SELECT actor_key, ts, event_name
  FROM events
  WHERE event_source IN ('bedrock-agentcore.amazonaws.com', 'bedrock-agentcore-control.amazonaws.com') AND ok = 1
    AND event_name IN ('StartCodeInterpreterSession', 'InvokeCodeInterpreter', 'InvokeAgentRuntime', 'InvokeAgentRuntimeCommand', 'StartBrowserSession', 'InvokeHarness')
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'handed over ' || f.role || ', then ' || u.event_name AS why,
       f.role AS role, e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.role = f.role AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
JOIN u ON u.actor_key = f.actor_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND u.ts >= f.first_ts AND u.ts <= f.first_ts + 3600
  AND e.event_source IN ('bedrock-agentcore.amazonaws.com', 'bedrock-agentcore-control.amazonaws.com') AND e.ok = 1 AND e.event_name IN ('CreateCodeInterpreter', 'CreateAgentRuntime', 'UpdateAgentRuntime', 'CreateBrowser', 'CreateHarness', 'UpdateHarness')
