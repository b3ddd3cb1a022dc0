-- id: SM-P08
-- title: Pipeline got another role
-- meaning: A pipeline that was there before was given a role that it never had: its next run, which may be by a
--   schedule, has it.
-- severity: high
-- attack: T1677 T1548.005
-- atlas: AML.T0010.003
-- window: against the roles of the baseline
-- needs: management, baseline
-- look-alikes: deployments that name the same role again; pipelines that are new; infrastructure as code
WITH n AS (
  SELECT a.recipient_account, a.region, a.resource_name, r.value AS role, a.ts, a.event_key, a.event_name
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreatePipeline', 'UpdatePipeline') AND a.ok = 1
    AND r.kind = 'passed_role' AND r.path = 'roleArn'
), had AS (
  SELECT n.recipient_account, n.region, n.resource_name, n.role, COUNT(*) AS times FROM n CROSS JOIN params q
  WHERE n.ts < q.split GROUP BY n.recipient_account, n.region, n.resource_name, n.role
), known AS (
  SELECT recipient_account, region, resource_name, COUNT(*) AS roles FROM had GROUP BY recipient_account, region, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the pipeline ' || n.resource_name || ' got the role ' || n.role AS why,
       n.role AS role, e.source_ip
FROM n
JOIN known k ON k.recipient_account = n.recipient_account AND k.region = n.region AND k.resource_name = n.resource_name
JOIN events e ON e.event_key = n.event_key
LEFT JOIN had h ON h.recipient_account = n.recipient_account AND h.region = n.region AND h.resource_name = n.resource_name AND h.role = n.role
CROSS JOIN params p
WHERE p.has_baseline = 1 AND n.ts >= p.split AND n.event_name = 'UpdatePipeline' AND h.times IS NULL AND e.is_iac = 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreatePipeline', 'UpdatePipeline') AND e.ok = 1
