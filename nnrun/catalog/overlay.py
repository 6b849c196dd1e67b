"""What cannot be read from Keras: kinds that its documentation does not tell, and what a config must not use.

Every entry is checked when the catalogue is generated: one that fits no existing class or argument is an
error, so that nothing here outlives the Keras that it was written for.
"""

from __future__ import annotations

from nnrun.catalog.families import Family

NAMED_KINDS = {
    "dtype": "dtype_name|dtype_policy",
    "shape": "[int>0|null]",
    "padding": "'valid'|'same'",
    "interval": "float>=-1<=1|[float>=-1<=1]*2",
    "zoom": "float>-1<=1|[float>-1<=1]*2",
    "unit_interval": "float>=0<=1|[float>=0<=1]*2",
    "rate": "float>=0<=1",
    "fill": "'constant'|'nearest'|'wrap'|'reflect'",
}
"""Kinds used by name, beside `dtype_name` and `tensor_dtype`, which the generator reads from Keras."""

_CELLS = "layer(GRUCell,LSTMCell,SimpleRNNCell,StackedRNNCells)"

KINDS: dict[tuple[Family, str, str], str] = {
    # Layers: one name means the same everywhere.
    ("layer", "*", "filters"): "int>0",
    ("layer", "*", "groups"): "int>0",
    ("layer", "*", "depth_multiplier"): "int>0",
    ("layer", "*", "head_dim|num_heads|key_dim|num_query_heads|num_key_value_heads"): "int>0",
    ("layer", "*", "value_dim|sliding_window"): "int>0|null",
    ("layer", "*", "flash_attention"): "bool|null",
    ("layer", "*", "height|width"): "int>0",
    ("layer", "*", "rate|dropout|recurrent_dropout"): "rate",
    ("layer", "*", "input_dim|output_dim|n"): "int>0",
    ("layer", "*", "num_tokens|num_bins"): "int>0|null",
    ("layer", "Hashing|HashedCrossing", "num_bins"): "int>0",
    ("layer", "CategoryEncoding", "num_tokens"): "int>0",
    ("layer", "*", "lora_rank"): "int>0|null",
    ("layer", "*", "lora_alpha"): "float|null",
    ("layer", "*", "quantization_config"): "function|null",
    ("layer", "*", "gptq_unpacked_column_size"): "int>0|null",
    ("layer", "*", "logit_soft_cap"): "float>0|null",
    ("layer", "*", "reverse_dtype"): "dtype|null",
    ("layer", "*", "value_range"): "[float]*2",
    ("layer", "*", "use_cudnn"): "'auto'|bool",
    ("layer", "*", "epsilon"): "float>=0",
    ("layer", "*", "mask_value"): "any",
    ("layer", "Masking", "mask_value"): "float",
    ("layer", "Hashing", "mask_value"): "str|int|null",
    # Convolution and pooling.
    ("layer", "Conv1D", "padding"): "'valid'|'same'|'causal'",
    ("layer", "Conv2D|Conv3D|Conv?DTranspose|*Conv1D|*Conv2D|ConvLSTM*|*Pooling?D", "padding"): "padding",
    ("layer", "Conv1DTranspose", "output_padding"): "int>=0|[int>=0]*1|null",
    ("layer", "Conv2DTranspose", "output_padding"): "int>=0|[int>=0]*2|null",
    ("layer", "Conv3DTranspose", "output_padding"): "int>=0|[int>=0]*3|null",
    ("layer", "*1D*", "kernel_size|strides|dilation_rate|pool_size"): "int>0|[int>0]*1",
    ("layer", "*2D*", "kernel_size|strides|dilation_rate|pool_size"): "int>0|[int>0]*2",
    ("layer", "*3D*", "kernel_size|strides|dilation_rate|pool_size"): "int>0|[int>0]*3",
    ("layer", "*Pooling1D", "strides"): "int>0|[int>0]*1|null",
    ("layer", "*Pooling2D", "strides"): "int>0|[int>0]*2|null",
    ("layer", "*Pooling3D", "strides"): "int>0|[int>0]*3|null",
    ("layer", "Adaptive*1D", "output_size"): "int>0",
    ("layer", "Adaptive*2D", "output_size"): "int>0|[int>0]*2",
    ("layer", "Adaptive*3D", "output_size"): "int>0|[int>0]*3",
    # Reshaping.
    ("layer", "ZeroPadding1D", "padding"): "int>=0|[int>=0]*2",
    ("layer", "ZeroPadding2D", "padding"): "int>=0|[int>=0]*2|[[int>=0]*2]*2",
    ("layer", "ZeroPadding3D", "padding"): "int>=0|[int>=0]*3|[[int>=0]*2]*3",
    ("layer", "Cropping1D", "cropping"): "int>=0|[int>=0]*2",
    ("layer", "Cropping2D", "cropping"): "int>=0|[int>=0]*2|[[int>=0]*2]*2",
    ("layer", "Cropping3D", "cropping"): "int>=0|[int>=0]*3|[[int>=0]*2]*3",
    ("layer", "UpSampling1D", "size"): "int>0",
    ("layer", "UpSampling2D", "size"): "int>0|[int>0]*2",
    ("layer", "UpSampling3D", "size"): "int>0|[int>0]*3",
    ("layer", "Permute", "dims"): "[int>0]",
    ("layer", "Reshape", "target_shape"): "[int>=-1]",
    ("layer", "Input|InputLayer", "shape"): "shape",
    ("layer", "Input|InputLayer", "batch_size"): "int>0|null",
    ("layer", "Input|InputLayer", "dtype"): "tensor_dtype|null",
    ("layer", "Input|InputLayer", "sparse|ragged"): "bool|null",
    ("layer", "Input|InputLayer", "batch_shape|tensor|input_tensor"): "function|null",
    # Attention, merging, normalisation, activation layers.
    ("layer", "Dot", "axes"): "int|[int]*2",
    ("layer", "Concatenate", "axis"): "int",
    ("layer", "Softmax|LayerNormalization|UnitNormalization", "axis"): "int|[int]",
    ("layer", "GroupNormalization|RMSNormalization", "axis"): "int",
    ("layer", "Normalization", "axis"): "int|[int]|null",
    ("layer", "Normalization", "mean|variance"): "float|[any]|null",
    ("layer", "PReLU", "shared_axes"): "int>0|[int>0]|null",
    ("layer", "BatchNormalization", "momentum|renorm_momentum"): "float>=0<=1",
    ("layer", "BatchNormalization", "renorm_clipping"): "{float>=0}|null",
    ("layer", "MultiHeadAttention", "attention_axes"): "int|[int]|null",
    ("layer", "MultiHeadAttention", "output_shape"): "int>0|[int>0]|null",
    ("layer", "EinsumDense", "output_shape"): "int>0|[int>0|null]",
    ("layer", "EinsumDense", "equation"): "str",
    ("layer", "EinsumDense", "bias_axes"): "str|null",
    ("layer", "*Embedding", "weights"): "function|null",
    ("layer", "Dropout|AlphaDropout", "noise_shape"): "[int>0|null]|null",
    ("layer", "Rescaling", "scale|offset"): "float|[float]",
    # Wrappers and recurrent layers.
    ("layer", "SpectralNormalization|TimeDistributed|Wrapper", "layer"): "layer",
    ("layer", "Bidirectional", "layer"): "layer(GRU,LSTM,SimpleRNN,RNN,ConvLSTM1D,ConvLSTM2D,ConvLSTM3D)",
    ("layer", "Bidirectional", "backward_layer"): (
        "layer(GRU,LSTM,SimpleRNN,RNN,ConvLSTM1D,ConvLSTM2D,ConvLSTM3D)|null"
    ),
    ("layer", "Bidirectional", "merge_mode"): "'sum'|'mul'|'concat'|'ave'|null",
    ("layer", "Bidirectional", "weights"): "function|null",
    ("layer", "RNN", "cell"): f"{_CELLS}|[{_CELLS}]",
    ("layer", "StackedRNNCells", "cells"): f"[{_CELLS}]",
    ("layer", "Pipeline", "layers"): "[layer]",
    # Preprocessing.
    ("layer", "CategoryEncoding", "output_mode"): "'one_hot'|'multi_hot'|'count'",
    ("layer", "Discretization|Hashing", "output_mode"): "'int'|'one_hot'|'multi_hot'|'count'",
    ("layer", "HashedCrossing", "output_mode"): "'int'|'one_hot'",
    ("layer", "IntegerLookup|StringLookup", "output_mode"): "'int'|'one_hot'|'multi_hot'|'count'|'tf_idf'",
    ("layer", "TextVectorization", "output_mode"): "'int'|'multi_hot'|'count'|'tf_idf'",
    ("layer", "TextVectorization", "standardize"): (
        "'lower_and_strip_punctuation'|'lower'|'strip_punctuation'|null"
    ),
    ("layer", "TextVectorization", "split"): "'whitespace'|'character'|null",
    ("layer", "TextVectorization", "ngrams"): "int>0|null",
    ("layer", "TextVectorization", "output_sequence_length"): "int>0|null",
    ("layer", "StringLookup|TextVectorization", "vocabulary"): "str|[str]|null",
    ("layer", "IntegerLookup", "vocabulary"): "str|[int]|null",
    ("layer", "StringLookup|IntegerLookup|TextVectorization", "idf_weights"): "[float]|null",
    ("layer", "StringLookup|IntegerLookup", "num_oov_indices"): "int>=0",
    ("layer", "StringLookup|IntegerLookup|TextVectorization", "max_tokens"): "int>1|null",
    ("layer", "StringLookup", "mask_token"): "str|null",
    ("layer", "StringLookup", "oov_token"): "str|null",
    ("layer", "IntegerLookup", "mask_token|oov_token"): "int|null",
    ("layer", "StringLookup|IntegerLookup", "oov_method"): "'floormod'|'farmhash'",
    ("layer", "IntegerLookup", "vocabulary_dtype"): "'int64'",
    ("layer", "StringLookup|TextVectorization", "encoding"): "str",
    ("layer", "StringLookup|IntegerLookup|Hashing", "salt"): "int>0|[int>0]*2|null",
    ("layer", "Discretization", "bin_boundaries"): "[float]|null",
    ("layer", "MelSpectrogram", "window"): "'hann'|'hamming'",
    ("layer", "STFTSpectrogram", "window"): "'hann'|'hamming'|null",
    ("layer", "STFTSpectrogram", "mode"): "'log'|'magnitude'|'psd'|'real'|'imag'|'angle'|'stft'",
    ("layer", "STFTSpectrogram", "scaling"): "'density'|'spectrum'|null",
    ("layer", "STFTSpectrogram", "padding"): "padding",
    ("layer", "STFTSpectrogram", "frame_length"): "int>0",
    ("layer", "STFTSpectrogram", "frame_step|fft_length"): "int>0|null",
    # Image augmentation.
    ("layer", "MixUp", "alpha"): "float>=0<=1",
    ("layer", "RandomFlip", "mode"): "'horizontal'|'vertical'|'horizontal_and_vertical'",
    ("layer", "Random*", "fill_mode"): "fill",
    ("layer", "Resizing", "fill_mode"): "'constant'",
    ("layer", "Resizing", "interpolation"): "'bilinear'|'nearest'|'bicubic'|'lanczos3'|'lanczos5'",
    ("layer", "AugMix|Rand*", "interpolation"): "'nearest'|'bilinear'",
    ("layer", "AugMix|RandAugment|RandomGrayscale", "factor"): "rate",
    ("layer", "RandomBrightness|RandomRotation", "factor"): "interval",
    ("layer", "RandomTranslation", "height_factor|width_factor"): "interval",
    ("layer", "RandomZoom", "height_factor"): "zoom",
    ("layer", "RandomZoom", "width_factor"): "zoom|null",
    ("layer", "RandomElasticTransform", "scale"): "unit_interval",
    ("layer", "RandomPerspective", "scale"): "rate",
    ("layer", "GaussianNoise", "stddev"): "rate",
    ("layer", "ActivityRegularization", "l1|l2"): "float>=0",
    ("layer", "SpectralNormalization", "power_iterations"): "int>0",
    ("layer", "RandomShear", "x_factor|y_factor"): "unit_interval",
    ("layer", "RandomColorJitter", "brightness_factor|contrast_factor|saturation_factor|hue_factor"): (
        "unit_interval|null"
    ),
    ("layer", "CutMix|RandomErasing|RandomInvert|RandomPerspective|RandomElasticTransform", "factor"): (
        "unit_interval"
    ),
    ("layer", "RandomGaussianBlur|RandomHue|RandomSaturation|RandomSharpness|RandomContrast", "factor"): (
        "unit_interval"
    ),
    ("layer", "RandomColorDegeneration", "factor"): "unit_interval",
    ("layer", "RandomPosterization", "factor"): "int>=1<=8",
    ("layer", "RandomGaussianBlur", "kernel_size"): "int>0|[int>0]*2",
    ("layer", "RandomGaussianBlur", "sigma"): "unit_interval",
    ("layer", "RandomErasing", "scale"): "unit_interval",
    ("layer", "RandomErasing", "fill_value"): "float|[float]|null",
    ("layer", "Solarization", "addition_factor|threshold_factor"): "unit_interval",
    ("layer", "MaxNumBoundingBoxes", "max_number"): "int>0",
    ("layer", "ContrastLimitedAdaptiveHistogramEqualization", "tile_grid_size"): "[int>0]*2",
    ("layer", "*", "factor"): "unit_interval|null",
    ("layer", "*", "bounding_box_format"): (
        "'xyxy'|'xywh'|'center_xywh'|'center_yxhw'|'yxyx'|'rel_xyxy'|'rel_xywh'|'rel_center_xywh'|'rel_yxyx'"
        "|'rel_center_yxhw'"
    ),
    # Optimizers and schedules.
    ("optimizer", "*", "learning_rate"): "float>=0|schedule",
    ("optimizer", "*", "weight_decay|clipnorm|clipvalue|global_clipnorm|loss_scale_factor"): "float>=0|null",
    ("optimizer", "AdamW", "weight_decay"): "float>=0",
    ("optimizer", "*", "ema_momentum"): "float>=0<=1",
    ("optimizer", "*", "ema_overwrite_frequency"): "int>0|null",
    ("optimizer", "*", "gradient_accumulation_steps"): "int>=2|null",
    ("optimizer", "LossScaleOptimizer", "inner_optimizer"): "optimizer",
    ("optimizer", "LossScaleOptimizer", "dynamic_growth_steps"): "int>0",
    ("optimizer", "SGD", "momentum"): "float>=0<=1",
    ("optimizer", "Lion", "beta_1"): "float>0<=1",
    ("optimizer", "*", "initial_accumulator_value"): "float>=0",
    ("optimizer", "Ftrl", "learning_rate_power"): "float<=0",
    ("optimizer", "Muon", "exclude_layers"): "[str]|null",
    ("optimizer", "Muon", "rms_rate"): "float|null",
    ("optimizer", "Muon", "adam_lr_ratio"): "float",
    ("optimizer", "MultiOptimizer", "optimizer_map"): "function",
    ("schedule", "*", "decay_steps|first_decay_steps"): "int>0",
    ("schedule", "PiecewiseConstantDecay", "boundaries"): "[int>=0]",
    ("schedule", "PiecewiseConstantDecay", "values"): "[float]",
    # Losses and metrics.
    ("loss", "*", "reduction"): "'sum_over_batch_size'|'sum'|'mean'|'mean_with_sample_weight'|'none'|null",
    ("loss", "Dice|Tversky", "axis"): "int|[int]|null",
    ("loss", "CategoricalFocalCrossentropy", "alpha"): "float|[float]",
    ("loss", "CategoricalGeneralizedCrossEntropy", "q"): "float>0<1",
    ("loss", "*", "label_smoothing"): "float>=0<=1",
    ("loss", "*", "ignore_class"): "int|null",
    ("metric", "*", "label_smoothing"): "float>=0<=1",
    ("metric", "MeanMetricWrapper", "fn"): "function",
    ("metric", "*", "num_thresholds"): "int>1",
    ("metric", "SensitivityAt*|SpecificityAt*|PrecisionAt*|RecallAt*", "num_thresholds"): "int>0",
    ("metric", "*", "thresholds"): "float>=0<=1|[float>=0<=1]|null",
    ("metric", "AUC", "thresholds"): "[float>=0<=1]|null",
    ("metric", "AUC", "curve"): "'ROC'|'PR'",
    ("metric", "AUC", "summation_method"): "'interpolation'|'minoring'|'majoring'",
    ("metric", "AUC", "label_weights"): "[float>=0]|null",
    ("metric", "FBetaScore", "beta"): "float>0",
    ("metric", "F1Score|FBetaScore", "average"): "'micro'|'macro'|'weighted'|null",
    ("metric", "F1Score|FBetaScore", "threshold"): "float>0<=1|null",
    ("metric", "BinaryAccuracy", "threshold"): "float>0<=1",
    ("metric", "*", "k"): "int>0",
    ("metric", "*", "top_k|num_labels"): "int>0|null",
    ("metric", "*", "class_id"): "int>=0|null",
    ("metric", "*", "ignore_class"): "int|null",
    ("metric", "*", "target_class_ids"): "[int>=0]",
    ("metric", "BinaryIoU", "target_class_ids"): "[int>=0<=1]",
    ("metric", "*", "num_classes"): "int>0",
    ("metric", "PearsonCorrelation|ConcordanceCorrelation", "axis"): "int|[int]",
    ("metric", "R2Score", "class_aggregation"): "'uniform_average'|'variance_weighted_average'|null",
    ("metric", "R2Score", "num_regressors"): "int>=0",
    # Callbacks.
    ("callback", "*", "monitor"): "str",
    ("callback", "*", "mode"): "'auto'|'min'|'max'",
    ("callback", "*", "verbose"): "int>=0<=2",
    ("callback", "*", "patience|cooldown|start_from_epoch"): "int>=0",
    ("callback", "*", "min_delta|min_lr"): "float>=0",
    ("callback", "*", "baseline|initial_value_threshold"): "float|null",
    ("callback", "ReduceLROnPlateau", "factor"): "float>=0<1",
    ("callback", "*", "filename|filepath|directory|backup_dir|log_dir"): "str",
    ("callback", "ModelCheckpoint|OrbaxCheckpoint", "save_freq"): "'epoch'|int>0",
    ("callback", "BackupAndRestore", "save_freq"): "'epoch'|int>0",
    ("callback", "OrbaxCheckpoint", "max_to_keep"): "int>0|null",
    ("callback", "TensorBoard", "histogram_freq|embeddings_freq"): "int>=0",
    ("callback", "TensorBoard", "update_freq"): "'epoch'|'batch'|int>0",
    ("callback", "TensorBoard", "profile_batch"): "int>=0|[int>0]*2",
    ("callback", "TensorBoard", "embeddings_metadata"): "str|{str}|null",
    ("callback", "LearningRateScheduler", "schedule"): "function",
    ("callback", "LambdaCallback", "on_*"): "function|null",
    # Initializers, regularizers, constraints.
    ("initializer", "Constant", "value"): "float",
    ("initializer", "*", "input_axes|output_axes"): "[int]|null",
    ("initializer", "STFT", "scaling"): "'density'|'spectrum'|null",
    ("initializer", "STFT", "window"): "'hann'|'hamming'|null",
    ("initializer", "VarianceScaling", "scale"): "float>0",
    ("initializer", "VarianceScaling", "distribution"): "'uniform'|'truncated_normal'|'untruncated_normal'",
    ("initializer", "Random*|TruncatedNormal", "mean|stddev|minval|maxval"): "float",
    ("regularizer", "*", "l1|l2|factor"): "float>=0",
    ("regularizer", "OrthogonalRegularizer", "mode"): "'rows'|'columns'",
    ("constraint", "*", "max_value|min_value"): "float>=0",
    ("constraint", "*", "axis"): "int|[int]",
    ("dtype_policy", "DTypePolicy|FloatDTypePolicy", "name"): "dtype_name",
    ("dtype_policy", "*", "mode"): "str",
    ("dtype_policy", "*", "source_name"): "dtype_name|null",
}
"""Kind by family, class and argument. Both names may hold wildcards and `|`; the most exact class wins, and
then the last entry."""

REQUIRED: dict[tuple[Family, str, str], str] = {
    ("layer", "CategoryEncoding", "num_tokens"): "Keras wants it although the signature has a default",
    ("layer", "Input", "shape"): "Keras wants it although the signature has a default",
    ("layer", "InputLayer", "shape"): "Keras wants it although the signature has a default",
}
"""Arguments that must be given although they have a default, and why."""

ABSTRACT: frozenset[tuple[Family, str]] = frozenset({("layer", "Wrapper")})
"""Bases for other classes, besides the base class of each family."""

_RUNS_CODE = "it runs code from outside Keras, which a config must not do"
_QUANTIZED = "it belongs to quantised models, which are made from trained ones"
_VALUES = "it takes plain values, not labels and predictions, so that it cannot be compiled"

REFUSED: dict[tuple[Family, str], str] = {
    ("layer", "Lambda"): f"it takes a Python function; {_RUNS_CODE}",
    ("layer", "TFSMLayer"): f"it loads a SavedModel; {_RUNS_CODE}",
    ("layer", "TorchModuleWrapper"): f"it wraps a PyTorch module; {_RUNS_CODE}",
    ("layer", "JaxLayer"): f"it takes Python functions; {_RUNS_CODE}",
    ("layer", "FlaxLayer"): f"it wraps a Flax module; {_RUNS_CODE}",
    ("optimizer", "MultiOptimizer"): "it maps variables to optimizers, which only Python code can do",
    ("metric", "MeanMetricWrapper"): "it takes a Python function; give the metric by its own name",
    ("metric", "Mean"): _VALUES,
    ("metric", "Sum"): _VALUES,
    ("callback", "LambdaCallback"): f"it takes Python functions; {_RUNS_CODE}",
    ("callback", "RemoteMonitor"): "it sends what it sees to a network address, which a config must not do",
    ("callback", "LearningRateScheduler"): (
        "it takes a Python function; give the optimizer a schedule instead, such as "
        "'learning_rate: {CosineDecay: {initial_learning_rate: 0.01, decay_steps: 1000}}'"
    ),
    ("callback", "CallbackList"): "it is a container; write the callbacks as a list",
    ("callback", "ProgbarLogger"): "nnrun draws the progress itself (see --progress)",
    ("callback", "OrbaxCheckpoint"): "it needs the package orbax-checkpoint; nnrun saves checkpoints itself",
    ("activation", "threshold"): "it needs arguments, and an activation is given by its name alone",
    ("dtype_policy", "AWQDTypePolicy"): _QUANTIZED,
    ("dtype_policy", "GPTQDTypePolicy"): _QUANTIZED,
    ("dtype_policy", "Int4DTypePolicy"): _QUANTIZED,
    ("dtype_policy", "QuantizedDTypePolicy"): _QUANTIZED,
    ("dtype_policy", "QuantizedFloat8DTypePolicy"): _QUANTIZED,
    ("dtype_policy", "DTypePolicyMap"): "it maps variables to policies, which only Python code can do",
}
"""Classes that a config cannot use, and why."""

RESOLVED_BY_SHAPE: dict[Family, tuple[str, ...]] = {
    "loss": ("crossentropy", "ce"),
    "metric": ("accuracy", "acc", "Accuracy"),
}
"""Strings from which `keras.Model.compile` chooses a class by the shape of the labels (see
`get_metric` and `get_loss` in `keras/src/trainers/compile_utils.py`)."""
