"""The harness's defaults, in one place: what every benchmark shares unless its own file says otherwise."""

data = dict(stream=False, workers=0)

model = dict(depth=18, width=1.0, stem="imagenet", hidden=0, projection=128, projector_norm=True)

training = dict(
    chunks=1,
    optimiser="adamw",
    weight_decay=1e-2,
    exclude_bias_and_norm=True,
    momentum=0.9,
    warmup=0.1,
    schedule="cosine",
    final_lr=0.0,
    precision="float32",
)

threads = 2
processes = 1

logging = dict(interval=10, checkpoint=100)

# Arguments of objectives that differ from the defaults in their files.
objectives = dict()

# Variants: name = dict(objective=..., arguments=dict(...), and changes to model, training or views).
rows = dict()
