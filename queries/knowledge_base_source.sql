-- id: BR-T01
-- title: Knowledge base fed by somebody new
-- meaning: A source of a knowledge base was made or changed, or documents were put into it, by a principal who
--   never did that.
-- severity: high
-- attack: T1565.001
-- atlas: AML.T0070
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the team of the contents, in the baseline
WITH f AS (
  SELECT actor_key, event_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'bedrock.amazonaws.com' AND ok = 1 AND event_name IN ('CreateDataSource', 'UpdateDataSource', 'StartIngestionJob', 'IngestKnowledgeBaseDocuments')
  GROUP BY actor_key, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' for the first time' AS why
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.event_name = f.event_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'bedrock.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('CreateDataSource', 'UpdateDataSource', 'StartIngestionJob', 'IngestKnowledgeBaseDocuments')
