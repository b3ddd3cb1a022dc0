-- id: BR-X01
-- title: Agent or knowledge base asked by somebody new
-- meaning: An agent, flow or knowledge base was asked by somebody who never asked it.
-- severity: medium
-- attack: T1213.006
-- atlas: AML.T0085 AML.T0040
-- window: first seen against the baseline
-- needs: data AWS::Bedrock::KnowledgeBase, baseline
-- look-alikes: applications that ask it in the baseline; looking at its settings
WITH n AS (
  SELECT actor_key, resource_arn, ts, event_key
  FROM events
  WHERE event_source = 'bedrock.amazonaws.com' AND is_data = 1 AND ok = 1
    AND event_name IN ('Retrieve', 'RetrieveAndGenerate', 'RetrieveAndGenerateStream', 'InvokeAgent', 'InvokeInlineAgent', 'InvokeFlow')
), f AS (
  SELECT actor_key, resource_arn, MIN(ts) AS first_ts FROM n GROUP BY actor_key, resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first ' || e.event_name || ' of ' || e.resource_arn AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.resource_arn = f.resource_arn AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'bedrock.amazonaws.com' AND e.is_data = 1 AND e.ok = 1 AND e.event_name IN ('Retrieve', 'RetrieveAndGenerate', 'RetrieveAndGenerateStream', 'InvokeAgent', 'InvokeInlineAgent', 'InvokeFlow')
