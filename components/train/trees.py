"""A scikit-learn forest in XGBoost's data format, so that one light library explains every tree model."""

import json
from typing import Any

import numpy as np
import xgboost
from sklearn.ensemble import RandomForestClassifier


def forest_booster(forest: RandomForestClassifier) -> xgboost.Booster:
    """A booster whose margin is the forest's probability of label 1 (to float32)."""
    trees = [_tree(i, tree.tree_, len(forest.estimators_)) for i, tree in enumerate(forest.estimators_)]
    model = {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
                    "iteration_indptr": list(range(len(trees) + 1)),
                    "tree_info": [0] * len(trees),
                    "trees": trees,
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": "0E0",
                "boost_from_average": "1",
                "num_class": "0",
                "num_feature": str(forest.n_features_in_),
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": [3, 2, 0],
    }
    booster = xgboost.Booster()
    booster.load_model(bytearray(json.dumps(model), "utf-8"))
    return booster


def _tree(number: int, tree: Any, trees: int) -> dict[str, Any]:
    order = _by_level(tree)
    place = np.argsort(order)
    leaf = tree.children_left[order] == -1
    left = np.where(leaf, -1, place[tree.children_left[order]])
    right = np.where(leaf, -1, place[tree.children_right[order]])
    parents = np.full(len(order), 2**31 - 1)
    parents[left[~leaf]] = parents[right[~leaf]] = np.flatnonzero(~leaf)
    share = (tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1) / trees)[order]
    # scikit-learn goes left where x <= threshold, XGBoost where x < condition.
    above = np.nextafter(_float32_below(tree.threshold[order]), np.float32(np.inf))
    return {
        "base_weights": share.tolist(),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * len(order),
        "id": number,
        "left_children": left.tolist(),
        "loss_changes": [0.0] * len(order),
        "parents": parents.tolist(),
        "right_children": right.tolist(),
        "split_conditions": np.where(leaf, share, above).tolist(),
        "split_indices": np.where(leaf, 0, tree.feature[order]).tolist(),
        "split_type": [0] * len(order),
        "sum_hessian": tree.weighted_n_node_samples[order].tolist(),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(tree.n_features),
            "num_nodes": str(len(order)),
            "size_leaf_vector": "1",
        },
    }


def _by_level(tree: Any) -> list[int]:
    """Nodes level by level: XGBoost takes a right child to stand next to its left one."""
    order = [0]
    for node in order:
        if tree.children_left[node] != -1:
            order += [tree.children_left[node], tree.children_right[node]]
    return order


def _float32_below(values: Any) -> Any:
    """The largest float32 that is not above each value."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded)
