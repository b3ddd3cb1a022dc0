-- id: SM-L01
-- title: Notebook given a lifecycle configuration by hand
-- meaning: A notebook got a lifecycle configuration that it never had, and no tool of infrastructure as code
--   did it: the script runs at its next start, whenever that is.
-- severity: medium
-- attack: T1546
-- atlas: AML.T0050
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a roll-out by infrastructure as code; the configuration that the notebook had before; taking it
--   away
WITH n AS (
  SELECT recipient_account, region, resource_name, lifecycle_config, ts, event_key
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name = 'UpdateNotebookInstance' AND ok = 1 AND lifecycle_config <> ''
), f AS (
  SELECT recipient_account, region, resource_name, lifecycle_config, MIN(ts) AS first_ts
  FROM n GROUP BY recipient_account, region, resource_name, lifecycle_config
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'gave ' || e.resource_name || ' the lifecycle configuration ' || e.lifecycle_config AS why,
       e.lifecycle_config, e.source_ip
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.region = f.region AND n.resource_name = f.resource_name
  AND n.lifecycle_config = f.lifecycle_config AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.is_iac = 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateNotebookInstance' AND e.ok = 1
