//! What is called, how often, and what the records say about it.

/// One kind of call. The placeholders of the templates are those of `Writer::filled`.
pub(crate) struct Call {
    /// Share of all events, in thousandths.
    pub(crate) weight: u32,
    pub(crate) who: &'static str,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) read_only: bool,
    pub(crate) data: bool,
    /// The service that calls with the caller's permission.
    pub(crate) via: Option<&'static str>,
    pub(crate) request: &'static str,
    pub(crate) response: &'static str,
    pub(crate) additional: &'static str,
    pub(crate) resources: &'static str,
}

pub(crate) const AGENT_BOTO: &str = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#5.10.240 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.40.21";
pub(crate) const AGENT_JAVA: &str = "aws-sdk-java/2.31.6 md/io#async md/http#NettyNio ua/2.1 os/Linux#5.10.240 lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM#21.0.6 md/vendor#Amazon.com_Inc. exec-env/AWS_ECS_FARGATE m/D,N";
pub(crate) const AGENT_LAMBDA: &str = "aws-sdk-js/3.775.0 ua/2.1 os/linux#5.10.233 lang/js md/nodejs#22.14.0 api/dynamodb#3.775.0 exec-env/AWS_Lambda_nodejs22.x m/E,e";
pub(crate) const AGENT_CONSOLE: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
pub(crate) const AGENT_GO: &str =
    "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.210.1 m/E,g";

const BLANK: Call = Call {
    weight: 0,
    who: "",
    source: "",
    name: "",
    read_only: true,
    data: false,
    via: None,
    request: "null",
    response: "null",
    additional: "",
    resources: "",
};

const S3_MORE: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"$H$H$H$H+$H","bytesTransferredOut":$D}"#;
const S3_OBJECT: &str = r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","key":"$K"}"#;
const S3_OBJECT_RESOURCES: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$B/$K"},{"accountId":"$A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$B"}]"#;
const S3_BUCKET_RESOURCES: &str = r#"[{"accountId":"$A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$B"}]"#;
const TABLE_RESOURCES: &str =
    r#"[{"accountId":"$A","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$R:$A:table/$N"}]"#;
const KEY_RESOURCES: &str = r#"[{"accountId":"$A","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$R:$A:key/11111111-2222-4333-8444-555555555555"}]"#;

pub(crate) const CALLS: &[Call] = &[
    Call {
        weight: 150,
        who: "training",
        source: "s3",
        name: "GetObject",
        data: true,
        request: S3_OBJECT,
        additional: S3_MORE,
        resources: S3_OBJECT_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 60,
        who: "app",
        source: "s3",
        name: "GetObject",
        data: true,
        request: S3_OBJECT,
        additional: S3_MORE,
        resources: S3_OBJECT_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 60,
        who: "app",
        source: "s3",
        name: "PutObject",
        read_only: false,
        data: true,
        request: S3_OBJECT,
        response: r#"{"x-amz-server-side-encryption":"AES256"}"#,
        additional: S3_MORE,
        resources: S3_OBJECT_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 40,
        who: "training",
        source: "s3",
        name: "ListObjects",
        data: true,
        request: r#"{"list-type":"2","bucketName":"$B","prefix":"year=2026/","encoding-type":"url","Host":"$B.s3.$R.amazonaws.com"}"#,
        additional: S3_MORE,
        resources: S3_BUCKET_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 70,
        who: "function",
        source: "dynamodb",
        name: "GetItem",
        data: true,
        request: r#"{"tableName":"$N","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS"},"consistentRead":false}"#,
        resources: TABLE_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 50,
        who: "function",
        source: "dynamodb",
        name: "PutItem",
        read_only: false,
        data: true,
        request: r#"{"tableName":"$N","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS"}}"#,
        resources: TABLE_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 70,
        who: "app",
        source: "kms",
        name: "Decrypt",
        via: Some("dynamodb.amazonaws.com"),
        request: r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:dynamodb:subscriberId":"$A","aws:dynamodb:tableName":"$N"}}"#,
        resources: KEY_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 30,
        who: "function",
        source: "kms",
        name: "GenerateDataKey",
        via: Some("s3.amazonaws.com"),
        request: r#"{"keyId":"arn:aws:kms:$R:$A:key/11111111-2222-4333-8444-555555555555","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$B/$K"},"keySpec":"AES_256"}"#,
        resources: KEY_RESOURCES,
        ..BLANK
    },
    Call {
        weight: 60,
        who: "service",
        source: "sts",
        name: "AssumeRole",
        request: r#"{"roleArn":"arn:aws:iam::$A:role/service-role/$O","roleSessionName":"SageMaker","durationSeconds":3600}"#,
        response: r#"{"credentials":{"accessKeyId":"ASIA$H","sessionToken":"$H$H$H$H$H$H$H$H$H$H","expiration":"Oct 31, 2026, 11:59:59 PM"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE0000000001:SageMaker","arn":"arn:aws:sts::$A:assumed-role/$O/SageMaker"}}"#,
        resources: r#"[{"accountId":"$A","type":"AWS::IAM::Role","ARN":"arn:aws:iam::$A:role/service-role/$O"}]"#,
        ..BLANK
    },
    Call {
        weight: 25,
        who: "function",
        source: "logs",
        name: "CreateLogStream",
        read_only: false,
        request: r#"{"logGroupName":"/aws/lambda/$N","logStreamName":"2026/10/05/[$D]$H$H"}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "training",
        source: "logs",
        name: "CreateLogStream",
        read_only: false,
        request: r#"{"logGroupName":"/aws/sagemaker/TrainingJobs","logStreamName":"$N-$H/algo-1-$D"}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "app",
        source: "secretsmanager",
        name: "GetSecretValue",
        request: r#"{"secretId":"arn:aws:secretsmanager:$R:$A:secret:$N-abcdef"}"#,
        ..BLANK
    },
    Call {
        weight: 15,
        who: "app",
        source: "ssm",
        name: "GetParameter",
        request: r#"{"name":"/$N/config","withDecryption":true}"#,
        resources: r#"[{"accountId":"$A","ARN":"arn:aws:ssm:$R:$A:parameter/$N/config"}]"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "app",
        source: "ecr",
        name: "BatchGetImage",
        request: r#"{"registryId":"$A","repositoryName":"$N","imageIds":[{"imageTag":"latest"}],"acceptedMediaTypes":["application/vnd.docker.distribution.manifest.v2+json","application/vnd.oci.image.manifest.v1+json"]}"#,
        resources: r#"[{"accountId":"$A","ARN":"arn:aws:ecr:$R:$A:repository/$N"}]"#,
        ..BLANK
    },
    Call { weight: 10, who: "app", source: "ecr", name: "GetAuthorizationToken", ..BLANK },
    Call {
        weight: 90,
        who: "scanner",
        source: "ec2",
        name: "DescribeInstances",
        request: r#"{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-$V"}]}}]}}"#,
        ..BLANK
    },
    Call {
        weight: 40,
        who: "scanner",
        source: "ec2",
        name: "DescribeSecurityGroups",
        request: r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"sg-$V"},{"groupId":"sg-$V"}]},"filterSet":{}}"#,
        ..BLANK
    },
    Call {
        weight: 30,
        who: "scanner",
        source: "iam",
        name: "GetRole",
        request: r#"{"roleName":"$O"}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "scanner",
        source: "iam",
        name: "ListAttachedRolePolicies",
        request: r#"{"roleName":"$O"}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "scanner",
        source: "s3",
        name: "GetBucketPolicy",
        request: r#"{"bucketName":"$B","Host":"$B.s3.$R.amazonaws.com","policy":""}"#,
        additional: S3_MORE,
        resources: S3_BUCKET_RESOURCES,
        ..BLANK
    },
    Call { weight: 20, who: "scanner", source: "lambda", name: "ListFunctions20150331", ..BLANK },
    Call {
        weight: 20,
        who: "person",
        source: "monitoring",
        name: "DescribeAlarms",
        request: r#"{"maxRecords":100}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "person",
        source: "logs",
        name: "FilterLogEvents",
        request: r#"{"logGroupName":"/aws/lambda/$N","startTime":17$D,"endTime":17$D,"limit":100,"interleaved":true}"#,
        ..BLANK
    },
    Call {
        weight: 10,
        who: "person",
        source: "sagemaker",
        name: "DescribeTrainingJob",
        request: r#"{"trainingJobName":"$N-$H"}"#,
        ..BLANK
    },
    Call {
        weight: 3,
        who: "person",
        source: "sagemaker",
        name: "CreateTrainingJob",
        read_only: false,
        request: r#"{"trainingJobName":"$N-$H","roleArn":"arn:aws:iam::$A:role/service-role/$O","algorithmSpecification":{"trainingImage":"$A.dkr.ecr.$R.amazonaws.com/$N:latest","trainingInputMode":"File"},"inputDataConfig":[{"channelName":"train","dataSource":{"s3DataSource":{"s3DataType":"S3Prefix","s3Uri":"s3://$B/year=2026/","s3DataDistributionType":"FullyReplicated"}}}],"outputDataConfig":{"s3OutputPath":"s3://$B/out/"},"resourceConfig":{"instanceType":"ml.m5.2xlarge","instanceCount":1,"volumeSizeInGB":50},"stoppingCondition":{"maxRuntimeInSeconds":7200}}"#,
        response: r#"{"trainingJobArn":"arn:aws:sagemaker:$R:$A:training-job/$N-$H"}"#,
        ..BLANK
    },
    Call {
        weight: 2,
        who: "person",
        source: "lambda",
        name: "UpdateFunctionCode20150331v2",
        read_only: false,
        request: r#"{"functionName":"$N","s3Bucket":"$B","s3Key":"$K","publish":true,"dryRun":false}"#,
        response: r#"{"functionName":"$N","functionArn":"arn:aws:lambda:$R:$A:function:$N","runtime":"nodejs22.x","role":"arn:aws:iam::$A:role/service-role/function-001-role","handler":"index.handler","codeSize":$D,"timeout":30,"memorySize":512,"codeSha256":"$H$H$H$H=","version":"$D","tracingConfig":{"mode":"PassThrough"},"revisionId":"$U","state":"Active","packageType":"Zip","architectures":["arm64"],"ephemeralStorage":{"size":512}}"#,
        ..BLANK
    },
    Call { weight: 5, who: "app", source: "sts", name: "GetCallerIdentity", ..BLANK },
];

/// What `--mix platform` has besides: people and programs of a machine-learning platform.
pub(crate) const PLATFORM: &[Call] = &[
    Call {
        weight: 80,
        who: "app",
        source: "sagemaker",
        name: "InvokeEndpoint",
        data: true,
        request: r#"{"endpointName":"$N","contentType":"application/json"}"#,
        resources: r#"[{"accountId":"$A","type":"AWS::SageMaker::Endpoint","ARN":"arn:aws:sagemaker:$R:$A:endpoint/$N"}]"#,
        ..BLANK
    },
    Call {
        weight: 40,
        who: "app",
        source: "bedrock",
        name: "InvokeModel",
        request: r#"{"modelId":"anthropic.claude-$N"}"#,
        additional: r#"{"inferenceRegion":"$R"}"#,
        ..BLANK
    },
    Call {
        weight: 40,
        who: "training",
        source: "sagemaker",
        name: "DescribeTrainingJob",
        request: r#"{"trainingJobName":"$N-$H"}"#,
        ..BLANK
    },
    Call {
        weight: 20,
        who: "scanner",
        source: "sagemaker",
        name: "DescribeEndpoint",
        request: r#"{"endpointName":"$N"}"#,
        ..BLANK
    },
    Call {
        weight: 5,
        who: "person",
        source: "sagemaker",
        name: "AddTags",
        read_only: false,
        request: r#"{"resourceArn":"arn:aws:sagemaker:$R:$A:training-job/$N","tags":[{"key":"team","value":"$N"}]}"#,
        ..BLANK
    },
    Call {
        weight: 4,
        who: "training",
        source: "sagemaker",
        name: "CreateProcessingJob",
        read_only: false,
        request: r#"{"processingJobName":"$N-$H","roleArn":"arn:aws:iam::$A:role/service-role/$O","appSpecification":{"imageUri":"$A.dkr.ecr.$R.amazonaws.com/$N:latest","containerEntrypoint":["python3","/opt/ml/code/run.py"]},"environment":{"STAGE":"prod"},"processingInputs":[{"inputName":"in","s3Input":{"s3Uri":"s3://$B/year=2026/","localPath":"/opt/ml/in","s3DataType":"S3Prefix"}}],"processingOutputConfig":{"outputs":[{"outputName":"out","s3Output":{"s3Uri":"s3://$B/out/","localPath":"/opt/ml/out","s3UploadMode":"EndOfJob"}}]},"processingResources":{"clusterConfig":{"instanceCount":1,"instanceType":"ml.m5.xlarge","volumeSizeInGB":30}}}"#,
        response: r#"{"processingJobArn":"arn:aws:sagemaker:$R:$A:processing-job/$N-$H"}"#,
        ..BLANK
    },
    Call {
        weight: 3,
        who: "person",
        source: "sagemaker",
        name: "CreatePresignedDomainUrl",
        read_only: false,
        request: r#"{"domainId":"d-abcdefghijkl","userProfileName":"$N","sessionExpirationDurationInSeconds":43200}"#,
        ..BLANK
    },
];
