-- id: SM-L10
-- title: Thing of SageMaker shared through RAM
-- meaning: A share of the Resource Access Manager names a resource of SageMaker.
-- severity: high
-- attack: T1537 T1199
-- atlas: AML.T0048.004
-- window: any
-- needs: management
-- look-alikes: sharing inside the own organisation, which the request tells only by the ids of the receivers
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' shares ' || f.value AS why,
       f.value AS resource
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE e.event_source = 'ram.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('CreateResourceShare', 'AssociateResourceShare')
  AND f.path = 'resourceArns[]' AND f.value LIKE '%:sagemaker:%'
