-- id: SM-I04
-- title: Person calls an endpoint that only programs called
-- meaning: An endpoint whose callers in the baseline were all programs is called in the session of a person.
-- severity: medium
-- attack: T1078.004
-- atlas: AML.T0040 AML.T0024
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: a test after a roll-out; endpoints that people call anyway
WITH k AS (
  SELECT b.resource_arn, MAX(CASE WHEN b.human_key <> '' THEN 1 ELSE 0 END) AS by_people
  FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name LIKE 'InvokeEndpoint%' AND b.is_data = 1
  GROUP BY b.resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.human_key || ' calls ' || e.resource_name || ', which only programs called' AS why,
       e.resource_arn, e.source_ip
FROM events e
JOIN k ON k.resource_arn = e.resource_arn
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split AND k.by_people = 0
  AND e.event_name LIKE 'InvokeEndpoint%' AND e.is_data = 1 AND e.ok = 1 AND e.human_key <> ''
